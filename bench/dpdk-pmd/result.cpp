// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "result.h"

#include <array>

#include <fmt/format.h>

#include "budget.h"

namespace pmd {
namespace {

constexpr std::array percentiles{50.0, 90.0, 99.0, 99.9};

double each(const Result &r, std::uint64_t sum)
{
    return r.packets ? static_cast<double>(sum) / static_cast<double>(r.packets) : 0;
}

std::uint64_t driver_cycles(const Result &r) { return r.cycles - std::min(r.cycles, r.map + r.unmap); }

// A line of a table: the name and the value of each column.
using Cells = std::vector<std::pair<std::string, std::string>>;

std::string number(double value) { return fmt::format("{:.{}f}", value, value >= 100 ? 0 : value >= 10 ? 1 : 3); }

Cells cells(const Result &r, const Clock &clock)
{
    Cells c{{"mode", name_of(r.is.mode)},
            {"mapping", name_of(r.is.mapping)},
            {"burst", fmt::to_string(r.is.burst)},
            {"size", fmt::to_string(r.is.size)},
            {"packets", fmt::to_string(r.packets)},
            {"Mpps", fmt::format("{:.3f}", r.rate / 1e6)},
            {"cycles", number(each(r, r.cycles))},
            {"map", number(each(r, r.map))},
            {"unmap", number(each(r, r.unmap))},
            {"driver", number(each(r, driver_cycles(r)))},
            {"hypercalls", r.events ? fmt::format("{:.4f}", each(r, r.events->hypercalls)) : "-"},
            {"flushes", r.events ? fmt::format("{:.4f}", each(r, r.events->flushes)) : "-"}};
    for (const double p : percentiles)
        c.emplace_back(fmt::format("p{}", p), fmt::to_string(r.per_packet.percentile(p)));
    c.emplace_back("max", fmt::to_string(r.per_packet.max()));
    for (const int gbps : lines_gbps)
        c.emplace_back(fmt::format("{}G%", gbps), fmt::format("{:.1f}", share(r, clock, gbps) * 100));
    return c;
}

} // namespace

void Result::add(const Result &o)
{
    packets += o.packets;
    cycles += o.cycles;
    map += o.map;
    unmap += o.unmap;
    maps += o.maps;
    unmaps += o.unmaps;
    calls += o.calls;
    if (events && o.events)
        events = Events{events->hypercalls + o.events->hypercalls, events->flushes + o.events->flushes};
    else
        events.reset();
    per_packet.merge(o.per_packet);
    rate = std::max(rate, o.rate);
}

double share(const Result &r, const Clock &clock, int gbps)
{
    return clock.ns(each(r, r.map + r.unmap)) / line_budget_ns(r.is.size, gbps);
}

std::string table(const std::vector<Result> &results, const Clock &clock)
{
    std::vector<Cells> lines;
    std::vector<std::size_t> widths;
    for (const Result &r : results) {
        lines.push_back(cells(r, clock));
        widths.resize(lines.back().size());
        for (std::size_t i = 0; i < widths.size(); i++)
            widths[i] = std::max({widths[i], lines.back()[i].first.size(), lines.back()[i].second.size()});
    }
    if (lines.empty())
        return {};
    std::string text;
    // Words to the left, and numbers to the right.
    const auto line = [&](const auto &word) {
        std::string one;
        for (std::size_t i = 0; i < widths.size(); i++)
            one += i < 2 ? fmt::format("{:<{}}  ", word(i), widths[i]) : fmt::format("{:>{}}  ", word(i), widths[i]);
        text += one.substr(0, one.find_last_not_of(' ') + 1) + '\n';
    };
    line([&](std::size_t i) { return lines.front()[i].first; });
    for (const Cells &c : lines)
        line([&](std::size_t i) { return c[i].second; });
    return text;
}

std::string csv(const std::vector<Result> &results, const Clock &clock)
{
    std::string text;
    for (const Result &r : results) {
        std::vector<std::string> heads, values;
        for (const auto &[head, value] : cells(r, clock)) {
            heads.push_back(head);
            values.push_back(value == "-" ? "" : value);
        }
        if (text.empty())
            text = fmt::format("{}\n", fmt::join(heads, ","));
        text += fmt::format("{}\n", fmt::join(values, ","));
    }
    return text;
}

nlohmann::ordered_json to_json(const std::vector<Result> &results, const Clock &clock)
{
    auto all = nlohmann::ordered_json::array();
    for (const Result &r : results) {
        nlohmann::ordered_json one{{"mode", name_of(r.is.mode)},
                                   {"mapping", name_of(r.is.mapping)},
                                   {"burst", r.is.burst},
                                   {"size", r.is.size},
                                   {"packets", r.packets},
                                   {"packets_per_second", r.rate},
                                   {"cycles", r.cycles},
                                   {"map_cycles", r.map},
                                   {"unmap_cycles", r.unmap},
                                   {"driver_cycles", driver_cycles(r)},
                                   {"maps", r.maps},
                                   {"unmaps", r.unmaps},
                                   {"calls", r.calls}};
        one["hypercalls"] = r.events ? nlohmann::ordered_json(r.events->hypercalls) : nullptr;
        one["flushes"] = r.events ? nlohmann::ordered_json(r.events->flushes) : nullptr;
        for (const double p : percentiles)
            one["cycles_per_packet"][fmt::format("p{}", p)] = r.per_packet.percentile(p);
        one["cycles_per_packet"]["max"] = r.per_packet.max();
        for (const int gbps : lines_gbps)
            one["share_of_line"][fmt::to_string(gbps)] = share(r, clock, gbps);
        all.push_back(one);
    }
    return {{"cycles_per_second", clock.hz}, {"results", all}};
}

} // namespace pmd
