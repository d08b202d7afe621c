// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <algorithm>

namespace ctl {

namespace {

using enum Kind;

// maps first and devices last: what is derived compares neighbours, which are
// so read as close together as can be.
constexpr CounterInfo table[] = {
    {"maps", counter, true, "DMA mappings made; a scatterlist is one."},
    {"unmaps", counter, true, "DMA mappings taken down."},
    {"pages_mapped", counter, true, "BFNs in map ops that succeeded."},
    {"pages_unmapped", counter, true, "BFNs in unmap ops that succeeded."},
    {"hypercalls", counter, false, "Calls to Xen."},
    {"ops", counter, false, "Ops in calls to Xen."},
    {"flushes", counter, false, "Calls with an unmap in their batch, one IOTLB flush each."},
    {"flush_strict", counter, false, "Flushes because an unmap could not wait."},
    {"flush_ride", counter, false, "Flushes because a map took along what waited."},
    {"flush_full", counter, false, "Flushes because the queue was full."},
    {"flush_timer", counter, false, "Flushes because what waited had waited long enough."},
    {"flush_pressure", counter, false, "Flushes because BFNs were short."},
    {"flush_request", counter, false, "Flushes because a device or CPU left, or flush was written."},
    {"queued", counter, false, "Unmaps that waited, at once or after their mapping idled."},
    {"reuse_hits", counter, true, "Mappings that were idle and taken again."},
    {"reuse_misses", counter, true, "Mappings that could have been taken again and were not there."},
    {"fallbacks", counter, true, "Mappings that xen-swiotlb made for a device of ours."},
    {"static_hits", counter, true, "Mappings that the static map served."},
    {"static_misses", counter, true, "Mappings that the static map could not serve."},
    {"static_renewed", counter, true, "Pages that the static map had lost, and has again."},
    {"errors", counter, false, "Ops that Xen refused."},
    {"leaked", counter, true, "BFNs that are never used again, as devices may not have forgotten them."},
    {"stale", counter, true, "BFNs that lost their page, which was freed while a driver had it mapped."},
    {"revoked", counter, true, "Mappings that were taken from a device, as its driver had gone and left them."},
    {"bfns_in_use", gauge, false, "BFNs in use now."},
    {"leftover", gauge, false, "Mappings that drivers which are gone have not taken down."},
    {"files", gauge, false, "Open files of /dev/xen-pviommu."},
    {"pinned", gauge, false, "Pages that these have pinned."},
    {"devices", gauge, false, "Devices served now."},
};

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
