// SPDX-License-Identifier: GPL-2.0-only
#include "rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>

#include <fmt/core.h>

namespace bench {
namespace {

double total(const Values &values, const std::string &name)
{
    const auto found = values.find(name);
    return found == values.end() ? 0 : found->second;
}

// Of the timed sections, for each section.
double timed(const Values &values, const std::string &name)
{
    const double n = total(values, name + "_n");
    if (n <= 0)
        throw std::runtime_error(fmt::format("no section of '{}' was timed", name));
    return total(values, name + "_ns") / n;
}

// One figure of one boot.
struct Figure {
    std::string metric;
    double value;
    std::string unit;
};

// The growth of the counters for a pair, or for a part of a pair.
struct Events {
    double hypercalls, ops, invalidations;
};

Events events_by(const Values &v, double n)
{
    return {total(v, "hypercalls") / n, total(v, "ops") / n, total(v, "invalidations") / n};
}

Events events(const Values &v, double parts = 1) { return events_by(v, total(v, "pairs") * parts); }

using Figures = std::vector<Figure>;

void add_events(Figures &to, const Events &e, const std::string &suffix)
{
    to.push_back({"hypercalls" + suffix, e.hypercalls, "1"});
    to.push_back({"ops" + suffix, e.ops, "1"});
    to.push_back({"invalidations" + suffix, e.invalidations, "1"});
}

// hot-N, fresh-N, ring-N: the counters of one page go without a suffix.
Figures pair(const Values &v, const std::string &n, const Silicon &s)
{
    const double insns = timed(v, "pair") - timed(v, "empty");
    const Events e = events(v);
    Figures f{{"insns_" + n + "p", insns, "instructions"}};
    add_events(f, e, n == "1" ? "" : "_" + n + "p");
    f.push_back({"silicon_" + n + "p", s.time(insns, e.hypercalls, e.invalidations), "ns"});
    return f;
}

Figures halves(const Values &v, const std::string &n, const Silicon &)
{
    return {{"map_insns_" + n + "p", timed(v, "map") - timed(v, "empty_map"), "instructions"},
            {"unmap_insns_" + n + "p", timed(v, "unmap") - timed(v, "empty_unmap"), "instructions"}};
}

Figures list(const Values &v, const std::string &, const Silicon &s)
{
    const double entries = total(v, "entries"), empty = timed(v, "empty");
    const double map = (timed(v, "map") - empty) / entries, unmap = (timed(v, "unmap") - empty) / entries;
    const Events e = events(v, entries);
    Figures f{{"insns_per_page", map + unmap, "instructions"},
              {"map_insns_per_page", map, "instructions"},
              {"unmap_insns_per_page", unmap, "instructions"}};
    add_events(f, e, "_per_page");
    f.push_back({"silicon_per_page", s.time(map + unmap, e.hypercalls, e.invalidations), "ns"});
    return f;
}

Figures threads(const Values &v, const std::string &n, const Silicon &)
{
    Figures f;
    add_events(f, events(v), "_" + n + "t");
    f.push_back({"lock_waits_" + n + "t", total(v, "lock_waits") / total(v, "pairs"), "1"});
    return f;
}

Figures locks(const Values &v, const std::string &n, const Silicon &)
{
    return {{"locks_" + n + "t", total(v, "locks") / total(v, "pairs"), "1"}};
}

// The subject was refused, and has no other row.
bool is_refused(const Values &v) { return total(v, "refused") > 0; }
const Figures refusal{{"refused", 1, "1"}};

// Traffic, by its unit: the cost and the events of a packet, or a read.
Figures traffic(const Values &v, const std::string &unit, const Silicon &s)
{
    if (is_refused(v))
        return refusal;
    const double units = total(v, "units"), insns = total(v, "insns") / units;
    const Events e = events_by(v, units);
    Figures f{{"insns_per_" + unit, insns, "instructions"}};
    add_events(f, e, "_per_" + unit);
    f.push_back({"silicon_per_" + unit, s.time(insns, e.hypercalls, e.invalidations), "ns"});
    return f;
}

// Requests of a disk, each of many scattered pages.
Figures requests(const Values &v, const std::string &, const Silicon &)
{
    const double units = total(v, "units");
    return {{"hypercalls", total(v, "hypercalls") / units, "1"},
            {"flushes", total(v, "flushes") / units, "1"},
            {"insns_per_request", total(v, "insns") / units, "instructions"}};
}

// Finished processes: of a kind, or all. The number of mapped BFNs at their start
// shows that their pages had mappings.
Figures forks(const Values &v, const std::string &kind, const Silicon &)
{
    if (is_refused(v))
        return refusal;
    Figures f{{kind == "all" ? "insns" : "insns_" + kind, total(v, "insns") / total(v, "units"), "instructions"}};
    if (v.contains("mapped"))
        f.push_back({"mapped", total(v, "mapped"), "1"});
    return f;
}

// Forwarded packets, by the burst: the whole cost of a packet, and the share of mapping.
Figures dpdk(const Values &v, const std::string &n, const Silicon &s)
{
    const double units = total(v, "units"), mapping = (total(v, "map_insns") + total(v, "unmap_insns")) / units;
    const Events e = events_by(v, units);
    return {{"insns_per_packet_b" + n, total(v, "insns") / units, "instructions"},
            {"map_unmap_insns_b" + n, mapping, "instructions"},
            {"hypercalls_per_packet_b" + n, e.hypercalls, "1"},
            {"invalidations_per_packet_b" + n, e.invalidations, "1"},
            {"map_unmap_silicon_b" + n, s.time(mapping, e.hypercalls, e.invalidations), "ns"}};
}

Figures kernels_own(const Values &v, const std::string &n, const Silicon &)
{
    return {{"map_insns_" + n + "p", total(v, "map_ns"), "instructions"},
            {"unmap_insns_" + n + "p", total(v, "unmap_ns"), "instructions"}};
}

// A batch of none is the crossing alone. Only unmaps are invalidated.
Figures batch(const Values &v, const std::string &half, const std::string &n, const Silicon &s)
{
    const double call = timed(v, half) - timed(v, "empty"), entries = total(v, "entries");
    if (entries == 0)
        return {{"insns_b0", call, "instructions"}};
    const double invalidations = half == "unmap" ? events(v, entries).invalidations : 0;
    return {{"insns_b" + n, call / entries, "instructions"},
            {"silicon_b" + n, s.time(call / entries, 1 / entries, invalidations), "ns"}};
}

struct Kind {
    std::string work, bench;
    Figures (*figures)(const Values &, const std::string &, const Silicon &);
};

// By the work's name in front of the number. A list's number is in its bench.
const std::array kinds{
    Kind{"hot", "dma-map-pair", pair},
    Kind{"fresh", "dma-map-pair-fresh", pair},
    Kind{"ring", "dma-map-pair-ring", pair},
    Kind{"apart", "dma-map-half", halves},
    Kind{"sg", "sg", list},
    Kind{"threads", "dma-map-threads", threads},
    Kind{"locks", "dma-map-threads", locks},
    Kind{"net", "net", traffic},
    Kind{"disk", "disk", traffic},
    Kind{"request", "disk-128k", requests},
    Kind{"fork", "fork", forks},
    Kind{"dpdk", "dpdk-burst", dpdk},
    Kind{"map-benchmark", "dma-map-benchmark", kernels_own},
};

// The hypercall is the same in every mode: ops are taken from the subject
// with most ops.
constexpr auto subject_of_ops = "strict";

using Name = std::array<std::string, 3>; // bench, subject, metric

struct Samples {
    std::string unit;
    std::vector<double> values;
};

// In the order of their first appearance.
class Table {
public:
    void add(const std::string &bench, const std::string &subject, const Figure &f)
    {
        const Name name{bench, subject, f.metric};
        const auto [at, fresh] = samples.try_emplace(name, Samples{f.unit, {}});
        if (fresh)
            order.push_back(name);
        at->second.values.push_back(f.value);
    }

    Rows rows() const
    {
        Rows all;
        for (const Name &name : order)
            all.push_back(row(name, samples.at(name)));
        return all;
    }

private:
    static Row row(const Name &name, const Samples &s)
    {
        auto sorted = s.values;
        std::ranges::sort(sorted);
        const double median = (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
        return {name[0],
                name[1],
                name[2],
                median,
                s.unit,
                static_cast<unsigned>(sorted.size()),
                sorted.back() - sorted.front()};
    }

    std::map<Name, Samples> samples;
    std::vector<Name> order;
};

void add_work(Table &table, const std::string &subject, const std::string &work, const Values &v, const Silicon &s)
{
    const auto dash = work.rfind('-');
    const std::string kind = work.substr(0, dash), n = work.substr(dash + 1);
    // Nothing was measured: no iommu_op there, or too few CPUs.
    if (!v.contains("pairs") && !v.contains("units") && !is_refused(v) && kind != "map-benchmark")
        return;
    if (kind == "ops") {
        if (subject == subject_of_ops)
            for (const std::string half : {"map", "unmap"})
                for (const Figure &f : batch(v, half, n, s))
                    table.add("iommu-op", half, f);
        return;
    }
    const auto known = std::ranges::find(kinds, kind, &Kind::work);
    if (known == kinds.end())
        throw std::runtime_error(fmt::format("unknown work '{}'", work));
    for (const Figure &f : known->figures(v, n, s))
        table.add(kind == "sg" ? work : known->bench, subject, f);
}

// Of the rounds of real traffic, by their numbers: the instructions for a unit.
std::map<double, double> rounds(const std::vector<Run> &runs, const std::string &work)
{
    std::map<double, double> insns;
    for (const Run &run : runs)
        if (const auto found = run.find(work); found != run.end() && total(found->second, "units") > 0)
            insns[total(found->second, "round")] = total(found->second, "insns") / total(found->second, "units");
    return insns;
}

// Throughput beside xen-swiotlb in the same round, and on the same driver:
// the traffic for an equal number of instructions.
void add_throughput(Table &table, const Raw &raw)
{
    for (const auto &[bench, work] : {std::pair{"net", "net-packet"}, {"disk", "disk-read"}})
        for (const auto &[subject, runs] : raw) {
            const auto base = raw.find(on_pool(subject) ? "xen-swiotlb-pool" : "xen-swiotlb");
            if (base == raw.end())
                continue;
            const auto peers = rounds(base->second, work);
            for (const auto &[round, insns] : rounds(runs, work))
                if (const auto peer = peers.find(round); peer != peers.end())
                    table.add(bench, subject, {"throughput", peer->second / insns, "ratio"});
        }
}

// A difference behind the third digit is the phase of a timer.
double rounded(double value) { return std::round(value * 1000) / 1000; }

} // namespace

Rows rows_of(const Raw &raw, const Silicon &silicon)
{
    Table table;
    for (const auto &[subject, runs] : raw)
        for (const Run &run : runs)
            for (const auto &[work, values] : run)
                add_work(table, subject, work, values, silicon);
    add_throughput(table, raw);
    return table.rows();
}

const Row *find(const Rows &rows, const std::string &bench, const std::string &subject, const std::string &metric)
{
    const auto found = std::ranges::find_if(
        rows, [&](const Row &r) { return r.bench == bench && r.subject == subject && r.metric == metric; });
    return found == rows.end() ? nullptr : &*found;
}

bool on_pool(const std::string &subject) { return subject.ends_with("-pool"); }

nlohmann::ordered_json to_json(const Rows &rows)
{
    auto json = nlohmann::ordered_json::array();
    for (const Row &r : rows)
        json.push_back({{"bench", r.bench},
                        {"subject", r.subject},
                        {"metric", r.metric},
                        {"value", rounded(r.value)},
                        {"unit", r.unit},
                        {"runs", r.runs},
                        {"spread", rounded(r.spread)}});
    return json;
}

Rows from_json(const nlohmann::json &json)
{
    Rows rows;
    for (const auto &r : json)
        rows.push_back({r.at("bench"), r.at("subject"), r.at("metric"), r.at("value"), r.at("unit"), r.at("runs"),
                        r.value("spread", 0.0)});
    return rows;
}

} // namespace bench
