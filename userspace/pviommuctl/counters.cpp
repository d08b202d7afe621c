// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <algorithm>

#include "../../kernel/xen-pviommu/counter_list.h"

namespace ctl {

namespace {

using enum Kind;

#define DEVICE(file, name, help) {#file, counter, true, help},
#define MODULE(file, name, help) {#file, counter, false, help},
// maps first and devices last: ratios compare neighbours, which are
// so read as close together as possible.
constexpr CounterInfo table[] = {
    PVIOMMU_COUNTER_LIST(DEVICE, MODULE) // the module's own list
    {"bfns_in_use", gauge, false, "BFNs in use now."},
    {"leftover", gauge, false, "Current mappings whose driver is gone."},
    {"files", gauge, false, "Open files of /dev/xen-pviommu."},
    {"pinned", gauge, false, "Pages pinned by these files."},
    {"devices", gauge, false, "Devices served now."},
};
#undef DEVICE
#undef MODULE

std::optional<double> ratio(std::optional<uint64_t> of, std::optional<uint64_t> to)
{
    if (!of || !to || *to == 0)
        return std::nullopt;
    return static_cast<double>(*of) / static_cast<double>(*to);
}

std::optional<uint64_t> sum(std::optional<uint64_t> a, std::optional<uint64_t> b)
{
    if (!a || !b)
        return std::nullopt;
    return *a + *b;
}

std::vector<Share> flush_shares(const Counters &counters)
{
    std::vector<Share> shares;
    double total = 0;
    for (const Counter &c : counters) {
        const std::string_view reason = flush_reason(c.info->name);
        if (reason.empty())
            continue;
        shares.push_back({reason, static_cast<double>(c.value)});
        total += shares.back().share;
    }
    if (total <= 0)
        return {};
    for (Share &s : shares)
        s.share /= total;
    return shares;
}

} // namespace

std::span<const CounterInfo> counter_table() { return table; }

std::optional<uint64_t> find(const Counters &counters, std::string_view name)
{
    const auto it = std::ranges::find(counters, name, [](const Counter &c) { return c.info->name; });
    if (it == counters.end())
        return std::nullopt;
    return it->value;
}

std::optional<Counters> difference(const Counters &before, const Counters &after)
{
    Counters differences;
    for (const Counter &now : after) {
        const std::optional<uint64_t> then = find(before, now.info->name);
        if (!then || now.info->kind == gauge)
            continue;
        if (now.value < *then)
            return std::nullopt;
        differences.push_back({now.info, now.value - *then});
    }
    return differences;
}

Counters gauges_of(const Counters &counters)
{
    Counters gauges;
    std::ranges::copy_if(counters, std::back_inserter(gauges), [](const Counter &c) { return c.info->kind == gauge; });
    return gauges;
}

Ratios ratios_of(const Counters &counters)
{
    const auto hits = find(counters, "reuse_hits");
    return {
        .ops_per_hypercall = ratio(find(counters, "ops"), find(counters, "hypercalls")),
        .hypercalls_per_map = ratio(find(counters, "hypercalls"), find(counters, "maps")),
        .reuse_hit_rate = ratio(hits, sum(hits, find(counters, "reuse_misses"))),
        .flush_shares = flush_shares(counters),
    };
}

std::string_view flush_reason(std::string_view name)
{
    constexpr std::string_view prefix = "flush_";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : std::string_view{};
}

} // namespace ctl
