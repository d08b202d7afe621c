// SPDX-License-Identifier: GPL-2.0-only
//
// For people: aligned text. All ends with a newline.
#pragma once

#include <string>
#include <vector>

#include "sample.h"
#include "sysfs.h"

namespace ctl {

// The first `left` columns are aligned to the left, the others to the right.
std::string aligned(const std::vector<std::vector<std::string>> &rows, size_t left);

std::string status_text(const Status &status);
std::string devices_text(const std::vector<Device> &devices);
std::string stats_text(const Counters &counters);
// Unchanged counters are left out.
std::string interval_text(const Interval &interval);
// One frame of top. `totals` is the whole module's, if known.
std::string top_text(const Status &status, const std::optional<Interval> &totals, const std::vector<Activity> &rows);

} // namespace ctl
