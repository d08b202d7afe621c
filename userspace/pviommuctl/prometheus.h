// SPDX-License-Identifier: GPL-2.0-only
//
// Prometheus' text exposition format, 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sysfs.h"

namespace ctl {

// A label's value, as between its quotes.
std::string escape_label(std::string_view value);

// No family has both the module's totals and those of single devices, so
// sum() over a family counts nothing twice.
std::string metrics_text(const Status &status, const Counters &totals, const std::vector<Device> &devices);

// The metrics without a module: old figures must not stay.
std::string metrics_not_loaded();

} // namespace ctl
