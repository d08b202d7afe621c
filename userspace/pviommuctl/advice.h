// SPDX-License-Identifier: GPL-2.0-only
//
// Remedies for the module's messages.
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

// Every reason known to this version.
std::span<const Advice> advice_table();

// Remedy for a module that is not active, or whose host map has holes. Nothing
// if all is well, or if the reason is unknown to this version.
std::optional<Advice> advice_for(const Status &status);

// The kernel's reason to refuse a write with `error`, an errno, and the remedy. The texts
// end without a full stop or a newline.
std::string mode_refused(int error, const std::string &address, std::string_view mode);
std::string isolate_refused(int error, bool on, const Status &status);
std::string vfio_refused(int error, bool on, const Status &status);
std::string flush_refused(int error, const Status &status);

} // namespace ctl
