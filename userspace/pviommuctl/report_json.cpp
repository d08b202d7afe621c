// SPDX-License-Identifier: GPL-2.0-only
//
// docs/profiling.md names the fields, which are stable.
#include "report_formats.h"

#include <nlohmann/json.hpp>

namespace ctl {

namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<double> &value) { return value ? Json(*value) : Json(nullptr); }

Json fit_json(const Line &line)
{
    const auto fit = line.fit();
    if (!fit)
        return nullptr;
    return {{"ns_per_op", fit->a}, {"ns_per_hypercall", fit->b}, {"r2", fit->r2}, {"hypercalls", line.points()}};
}

Json batches_json(const Batches &batches)
{
    Json sizes = Json::array();
    for (const auto &[ops, size] : batches.sizes) {
        Json item = {{"ops", ops}, {"hypercalls", size.calls}, {"timed", size.timed}, {"ns", size.ns}};
        if (size.timed) {
            item["ns_min"] = size.ns_min;
            item["ns_max"] = size.ns_max;
        }
        item["ns_per_op"] = or_null(per(size.ns, size.timed * ops));
        sizes.push_back(std::move(item));
    }
    return {{"sizes", std::move(sizes)}, {"fit", fit_json(batches.ns_per_op)}};
}

Json flushes_json(const Profile &p)
{
    Json json = Json::array();
    for (const auto &[reason, sum] : p.flushes)
        json.push_back(
            {{"reason", reason}, {"flushes", sum.flushes}, {"waited", sum.waited}, {"waited_max", sum.waited_max}});
    return json;
}

Json devices_json(const Profile &p)
{
    Json json = Json::array();
    for (const auto &[device, sum] : p.devices)
        json.push_back({{"device", device},
                        {"maps", sum.maps},
                        {"unmaps", sum.unmaps},
                        {"pages", sum.pages},
                        {"maps_by", sum.maps_by},
                        {"reuse_hits", sum.reuse_hits},
                        {"reuse_hit_rate", or_null(per(sum.reuse_hits, sum.maps))},
                        {"fallbacks", sum.fallbacks}});
    return json;
}

Json cpus_json(const Profile &p)
{
    Json json = Json::array();
    for (const auto &[cpu, sum] : p.cpus)
        json.push_back({{"cpu", cpu},
                        {"maps", sum.maps},
                        {"reuse_hits", sum.reuse_hits},
                        {"reuse_hit_rate", or_null(per(sum.reuse_hits, sum.maps))},
                        {"hypercalls", sum.hypercalls},
                        {"ns", sum.ns}});
    return json;
}

Json timeline_json(const Timeline &t)
{
    Json json = {{"bin_seconds", static_cast<double>(t.bin_ns()) / 1e9}};
    constexpr std::pair<const char *, Timeline::Series> all[] = {
        {"hypercalls", Timeline::hypercalls}, {"maps", Timeline::maps}, {"flushes", Timeline::flushes}};
    for (const auto &[name, series] : all) {
        Json counts = Json::array();
        for (size_t i = 0; i < t.used(); i++)
            counts.push_back(t.at(series, i));
        json[name] = std::move(counts);
    }
    return json;
}

Json cost_json(const char *key, const std::string &name, const Cost &cost)
{
    return {
        {key, name}, {"ns", cost.ns}, {"hypercalls", cost.hypercalls}, {"maps", cost.maps}, {"unmaps", cost.unmaps}};
}

Json counters_json(const Report &report)
{
    if (report.checks.empty())
        return nullptr;
    Json json = {{"agreement", agreement(report)}};
    bool exact = true, possible = true;
    for (const CounterCheck &c : report.checks) {
        json["counters"][std::string(c.counter)] = {{"events", c.events}, {"least", c.least}, {"most", c.most}};
        exact &= c.exact();
        possible &= c.possible();
    }
    json["exact"] = exact;
    json["agree"] = possible;
    return json;
}

Json cpu_time_json(const CpuTime &t)
{
    return {{"samples", t.samples}, {"idle", t.idle}, {"hypercalls", t.hypercalls}, {"xen_pviommu", t.ours}};
}

} // namespace

std::string report_json(const Report &report)
{
    const Profile &p = report.profile;
    Json json = {{"title", report.title}, {"seconds", p.seconds()}, {"lost", p.lost()}};
    json["events"] = {{"xen_pviommu", p.events}, {"unknown", p.unknown}, {"others", p.others - p.unknown}};
    for (const auto &[name, value] : p.totals())
        json["totals"][std::string(name)] = value;
    json["counters"] = counters_json(report);
    json["ops_per_hypercall"] = or_null(per(p.ops, p.hypercalls));
    json["batches"] = {
        {"all", batches_json(p.batches)}, {"mapping", batches_json(p.mapping)}, {"flushing", batches_json(p.flushing)}};
    json["failed"] = Json::array();
    for (const auto &[status, calls] : p.failed)
        json["failed"].push_back({{"status", status}, {"hypercalls", calls}});
    json["flushes"] = flushes_json(p);
    json["chunks"] = p.chunks;
    json["devices"] = devices_json(p);
    json["cpus"] = cpus_json(p);
    json["packets"] = {
        {"sent", p.sent}, {"received", p.received}, {"hypercalls_per_packet", or_null(per(p.hypercalls, p.packets()))}};
    json["io"] = {
        {"issued", p.issued}, {"completed", p.completed}, {"hypercalls_per_io", or_null(per(p.hypercalls, p.ios()))}};
    json["cpu_time"] = cpu_time_json(p.cpu_time(report.frames));
    json["timeline"] = timeline_json(p.timeline);
    json["call_sites"] = Json::array();
    for (const auto &[name, cost] : p.call_sites(report.frames))
        json["call_sites"].push_back(cost_json("site", name, cost));
    json["stacks"] = Json::array();
    for (const auto &[stack, cost] : folded(report)) {
        json["stacks"].push_back(cost_json("stack", stack, cost));
        json["stacks"].back()["samples"] = cost.samples;
    }
    // A comm or symbol may have any bytes.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace ctl
