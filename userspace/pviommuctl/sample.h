// SPDX-License-Identifier: GPL-2.0-only
//
// Two readings of the same counters, and the growth in between.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sysfs.h"

namespace ctl {

using Clock = std::chrono::steady_clock;

struct Sample {
    Clock::time_point when;
    Totals totals;
};

struct Interval {
    double seconds = 0;
    std::optional<Counters> differences; // nothing: the counters restarted
    Counters gauges;                     // at its end
};

Interval between(const Sample &before, const Sample &after);

// One device in one interval. Without rates for a new device, or restarted counters.
struct Activity {
    Device device;
    std::optional<Interval> interval;

    // Per second; nothing if unknown.
    std::optional<double> rate(std::string_view counter) const;
    std::optional<double> reuse_hit_rate() const;
};

struct DeviceSample {
    Clock::time_point when;
    std::vector<Device> devices;
};

std::vector<Activity> activities(const DeviceSample &before, const DeviceSample &after);

// Columns by which activities can be sorted: names in order, figures with the
// greatest first and unknown figures last.
const std::vector<std::string> &sort_columns();
void sort_by(std::vector<Activity> &rows, std::string_view column);

} // namespace ctl
