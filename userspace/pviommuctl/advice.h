// SPDX-License-Identifier: GPL-2.0-only
//
// What a person can do about what the module says.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sysfs.h"

namespace ctl {

struct Advice {
    std::string_view reason; // the word in sysfs
    std::string_view why, remedy;
};

// Every reason that this version knows.
std::span<const Advice> advice_table();

// What to tell of a module that is not active, or whose host map has holes; nothing
// if all is well, or if the reason is unknown to this version.
std::optional<Advice> advice_for(const Status &status);

// Why the kernel refused a write with `error`, an errno, and what helps. They end
// without a full stop or a newline.
std::string mode_refused(int error, const std::string &address, std::string_view mode);
std::string isolate_refused(int error, bool on, const Status &status);
std::string vfio_refused(int error, bool on, const Status &status);
std::string flush_refused(int error, const Status &status);

} // namespace ctl
