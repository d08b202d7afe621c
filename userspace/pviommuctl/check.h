// SPDX-License-Identifier: GPL-2.0-only
//
// The steps to a protected dom0: those that are done, the first that lacks, and its remedy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sysfs.h"

namespace ctl {

struct Step {
    std::string_view name;
    std::string found;
    std::string remedy; // empty: the step is done
};

// In order. A step that the following ones need is the last where it lacks.
std::vector<Step> check(const Sysfs &sysfs);

std::string check_text(const std::vector<Step> &steps);
std::string check_json(const std::vector<Step> &steps);

} // namespace ctl
