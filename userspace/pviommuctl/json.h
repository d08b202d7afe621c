// SPDX-License-Identifier: GPL-2.0-only
//
// For programs: one line of JSON, without a newline. Keys missing from sysfs
// are missing here; a ratio of nothing is null.
#pragma once

#include <string>
#include <vector>

#include "sample.h"
#include "sysfs.h"

namespace ctl {

std::string status_json(const Status &status);
std::string devices_json(const std::vector<Device> &devices);
std::string stats_json(const Counters &counters);
// `time` is of its end, in seconds since 1970.
std::string interval_json(const Interval &interval, double time);
// Nothing could be counted, and why.
std::string event_json(const std::string &event, double time);

} // namespace ctl
