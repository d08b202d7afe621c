// SPDX-License-Identifier: GPL-2.0-only
//
// Parts that all forms of a report share.
#include "report_formats.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ctl {

std::string incomplete(const Report &report)
{
    if (!report.profile.lost())
        return std::ranges::all_of(report.checks, &CounterCheck::possible) && !report.reloaded ? "" : agreement(report);
    return fmt::format("{} events were lost, so that all figures are too low: record with larger buffers "
                       "(pviommuctl profile --buffer, perf record -m)",
                       report.profile.lost());
}

std::string agreement(const Report &report)
{
    if (report.reloaded)
        return "the module was loaded anew meanwhile: its counters say nothing";
    if (report.checks.empty())
        return {};
    const auto differ = std::ranges::find_if_not(report.checks, &CounterCheck::possible);
    if (differ == report.checks.end())
        return std::ranges::all_of(report.checks, &CounterCheck::exact)
                   ? "events and counters agree exactly"
                   : "events and counters agree, but for what was counted while perf switched on and off";
    const std::string what = fmt::format("events and counters differ: {} is {} by events, {} by counters",
                                         differ->counter, differ->events, differ->least);
    if (report.profile.lost())
        return what + fmt::format("; {} events were lost", report.profile.lost());
    return what + "; perf tells of no lost events: it may have lost the last ones";
}

std::optional<double> per(uint64_t hypercalls, uint64_t units)
{
    if (!units)
        return std::nullopt;
    return static_cast<double>(hypercalls) / static_cast<double>(units);
}

std::vector<Folded> folded(const Report &report)
{
    const auto &nodes = report.profile.stacks();
    std::vector<Folded> stacks;
    for (const StackNode &leaf : nodes) {
        if (leaf.self == Cost{})
            continue;
        std::vector<std::string_view> names;
        for (const StackNode *at = &leaf; at != nodes.data(); at = &nodes[at->parent])
            names.push_back(report.frames[at->frame].name);
        std::ranges::reverse(names);
        stacks.push_back({fmt::format("{}", fmt::join(names, ";")), leaf.self});
    }
    return stacks;
}

} // namespace ctl
