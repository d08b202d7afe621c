// SPDX-License-Identifier: GPL-2.0-only
#include "sample.h"

#include <algorithm>

namespace ctl {

namespace {

// The sort key of a column of figures; unknown figures come last.
double figure(const Activity &a, std::string_view column)
{
    constexpr double unknown = -1;
    if (column == "reuse")
        return a.reuse_hit_rate().value_or(unknown);
    if (column == "leaked")
        return static_cast<double>(find(a.device.totals.counters, column).value_or(0));
    return a.rate(column == "pages" ? "pages_mapped" : column).value_or(unknown);
}

const std::string *name(const Device &d, std::string_view column)
{
    if (column == "device")
        return &d.address;
    if (column == "driver")
        return &d.driver;
    if (column == "mode")
        return &d.mode;
    return column == "path" ? &d.path : nullptr;
}

} // namespace

Interval between(const Sample &before, const Sample &after)
{
    Interval i;
    i.seconds = std::chrono::duration<double>(after.when - before.when).count();
    if (before.totals.birth == after.totals.birth)
        i.differences = difference(before.totals.counters, after.totals.counters);
    i.gauges = gauges_of(after.totals.counters);
    return i;
}

std::optional<double> Activity::rate(std::string_view counter) const
{
    if (!interval || !interval->differences || interval->seconds <= 0)
        return std::nullopt;
    const auto n = find(*interval->differences, counter);
    if (!n)
        return std::nullopt;
    return static_cast<double>(*n) / interval->seconds;
}

std::optional<double> Activity::reuse_hit_rate() const
{
    if (!interval || !interval->differences)
        return std::nullopt;
    return ratios_of(*interval->differences).reuse_hit_rate;
}

std::vector<Activity> activities(const DeviceSample &before, const DeviceSample &after)
{
    std::vector<Activity> rows;
    for (const Device &now : after.devices) {
        Activity a{now, std::nullopt};
        const auto then = std::ranges::find(before.devices, now.address, &Device::address);
        if (then != before.devices.end())
            a.interval = between({before.when, then->totals}, {after.when, now.totals});
        rows.push_back(std::move(a));
    }
    return rows;
}

const std::vector<std::string> &sort_columns()
{
    static const std::vector<std::string> columns = {"device", "driver", "mode",  "path",      "maps",
                                                     "unmaps", "pages",  "reuse", "fallbacks", "leaked"};
    return columns;
}

void sort_by(std::vector<Activity> &rows, std::string_view column)
{
    // Stable: equals stay in the order of their addresses.
    std::ranges::stable_sort(rows, [column](const Activity &a, const Activity &b) {
        const std::string *left = name(a.device, column), *right = name(b.device, column);
        return left ? *left < *right : figure(a, column) > figure(b, column);
    });
}

} // namespace ctl
