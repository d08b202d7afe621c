// SPDX-License-Identifier: GPL-2.0-only
#include "text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "advice.h"

namespace ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string or_dash(const std::string &word) { return word.empty() ? "-" : word; }

std::string number(std::optional<uint64_t> n) { return n ? fmt::format("{}", *n) : "-"; }

std::string per_second(std::optional<double> rate) { return rate ? fmt::format("{:.1f}", *rate) : "-"; }

std::string percent(std::optional<double> share) { return share ? fmt::format("{:.1f}%", *share * 100) : "-"; }

void append_ratios(Rows &rows, const Ratios &ratios)
{
    const auto add = [&rows](std::string_view name, const std::optional<double> &value) {
        if (value)
            rows.push_back({std::string(name), fmt::format("{:.2f}", *value)});
    };
    add("ops per hypercall", ratios.ops_per_hypercall);
    add("hypercalls per map", ratios.hypercalls_per_map);
    if (ratios.reuse_hit_rate)
        rows.push_back({"reuse hit rate", percent(ratios.reuse_hit_rate)});
    for (const Share &s : ratios.flush_shares)
        rows.push_back({fmt::format("flushes: {}", s.reason), percent(s.share)});
}

std::string usage_line(const Status &s)
{
    std::vector<std::string> items;
    for (const auto &[name, value] : s.usage)
        items.push_back(fmt::format("{} {}", name, value));
    return fmt::format("{}", fmt::join(items, ", "));
}

} // namespace

std::string aligned(const Rows &rows, size_t left)
{
    std::vector<size_t> widths;
    for (const auto &row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto &row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); i++)
            line += i < left ? fmt::format("{:<{}}  ", row[i], widths[i]) : fmt::format("{:>{}}  ", row[i], widths[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

std::string status_text(const Status &s)
{
    Rows rows;
    const auto add = [&rows](std::string_view name, std::string value) {
        if (!value.empty())
            rows.push_back({std::string(name), std::move(value)});
    };
    add("state", s.state);
    add("mode", s.mode);
    add("reason", s.reason);
    if (const auto advice = advice_for(s)) {
        add("why", std::string(advice->why));
        add("remedy", std::string(advice->remedy));
    }
    if (s.isolate)
        add("isolate", *s.isolate ? "on" : "off");
    add("host_map", s.host_map);
    if (s.vfio)
        add("vfio", *s.vfio ? "on" : "off");
    add("usage", usage_line(s));
    if (s.devices)
        add("devices", number(s.devices));
    return aligned(rows, 2);
}

std::string devices_text(const std::vector<Device> &devices)
{
    if (devices.empty())
        return "no device is served by xen_pviommu\n";
    Rows rows = {{"DEVICE", "DRIVER", "MODE", "PATH", "MAPS", "UNMAPS", "REUSE", "FALLBACKS", "LEAKED"}};
    for (const Device &d : devices) {
        const Counters &c = d.totals.counters;
        rows.push_back({d.address, or_dash(d.driver), or_dash(d.mode), or_dash(d.path), number(find(c, "maps")),
                        number(find(c, "unmaps")), percent(ratios_of(c).reuse_hit_rate), number(find(c, "fallbacks")),
                        number(find(c, "leaked"))});
    }
    return aligned(rows, 4);
}

std::string stats_text(const Counters &counters)
{
    Rows rows;
    for (const Counter &c : counters)
        rows.push_back({std::string(c.info->name), number(c.value)});
    append_ratios(rows, ratios_of(counters));
    return aligned(rows, 1);
}

std::string interval_text(const Interval &interval)
{
    if (!interval.differences)
        return "counters restarted\n";
    Rows rows = {{fmt::format("{:.2f} s", interval.seconds), "more", "per second"}};
    for (const Counter &c : *interval.differences)
        if (c.value)
            rows.push_back({std::string(c.info->name), number(c.value),
                            per_second(static_cast<double>(c.value) / std::max(interval.seconds, 1e-9))});
    for (const Counter &c : interval.gauges)
        rows.push_back({std::string(c.info->name), number(c.value)});
    append_ratios(rows, ratios_of(*interval.differences));
    return aligned(rows, 1) + '\n';
}

std::string top_text(const Status &s, const std::optional<Interval> &totals, const std::vector<Activity> &activities)
{
    const Activity all{{}, totals};
    std::string head =
        fmt::format("xen_pviommu {}, mode {}, isolate {}: {} maps/s, {} hypercalls/s, {} flushes/s\n", or_dash(s.state),
                    or_dash(s.mode), s.isolate && *s.isolate ? "on" : "off", per_second(all.rate("maps")),
                    per_second(all.rate("hypercalls")), per_second(all.rate("flushes")));
    if (totals && !totals->differences)
        head += "counters restarted\n";
    Rows rows = {
        {"DEVICE", "DRIVER", "MODE", "PATH", "MAPS/S", "UNMAPS/S", "PAGES/S", "REUSE", "FALLBACKS/S", "LEAKED"}};
    for (const Activity &a : activities)
        rows.push_back({a.device.address, or_dash(a.device.driver), or_dash(a.device.mode), or_dash(a.device.path),
                        per_second(a.rate("maps")), per_second(a.rate("unmaps")), per_second(a.rate("pages_mapped")),
                        percent(a.reuse_hit_rate()), per_second(a.rate("fallbacks")),
                        number(find(a.device.totals.counters, "leaked"))});
    return head + aligned(rows, 4);
}

} // namespace ctl
