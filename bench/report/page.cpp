// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "goals.h"

namespace bench {
namespace {

struct Column {
    std::string head, bench, metric;
};

// Whole instructions are enough; of counters near 0 the first digits count.
std::string figure(double value)
{
    if (value >= 100)
        return fmt::format("{:.0f}", value);
    const std::string text = fmt::format("{:.3f}", value);
    return text.substr(0, text.find_last_not_of('0') + (text.find_last_not_of('0') != text.find('.')));
}

std::string line(const std::vector<std::string> &cells) { return fmt::format("| {} |\n", fmt::join(cells, " | ")); }

std::string head(const std::vector<std::string> &cells)
{
    std::vector<std::string> rule(cells.size(), "---:");
    rule.front() = "---";
    return line(cells) + fmt::format("|{}|\n", fmt::join(rule, "|"));
}

// Peers come first, then our modes from the dearest protection to none.
const std::vector<std::string> &order()
{
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all{"native-lazy", "native-strict", "xen-swiotlb", "off", "single-op"};
        const std::vector<std::string> modes{"strict", "lazy", "reuse", "static"};
        all.insert(all.end(), modes.begin(), modes.end());
        for (const std::string &mode : modes)
            all.push_back(mode + "-isolated");
        for (std::size_t i = 0, n = all.size(); i < n; i++)
            all.push_back(all[i] + "-pool");
        for (const char *other : {"map", "unmap", "linux-iova", "pviommu", "none", "burst", "single", "vfio"})
            all.emplace_back(other);
        return all;
    }();
    return names;
}

// A line for each subject with any of the figures.
std::string by_subject(const Rows &rows, const std::string &first, const std::vector<Column> &columns)
{
    std::vector<std::string> cells{first};
    for (const Column &c : columns)
        cells.push_back(c.head);
    std::string text = head(cells);
    for (const std::string &subject : order()) {
        cells = {subject};
        bool any = false;
        for (const Column &c : columns) {
            const Row *row = find(rows, c.bench, subject, c.metric);
            any |= row != nullptr;
            cells.push_back(row ? figure(row->value) : "-");
        }
        if (any)
            text += line(cells);
    }
    return text;
}

std::vector<Column> sizes(const std::string &bench, const std::string &prefix)
{
    return {{"1 page", bench, prefix + "1p"}, {"16 pages", bench, prefix + "16p"}, {"64 pages", bench, prefix + "64p"}};
}

std::vector<Column> operator+(std::vector<Column> a, const std::vector<Column> &b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

std::string pairs(const Rows &rows, const Silicon &)
{
    const std::string bench = "dma-map-pair";
    return by_subject(rows, "subject",
                      sizes(bench, "insns_") + std::vector<Column>{{"hypercalls", bench, "hypercalls"},
                                                                   {"ops", bench, "ops"},
                                                                   {"invalidations", bench, "invalidations"},
                                                                   {"silicon, ns", bench, "silicon_1p"}});
}

// Of each subject on AMD-Vi, beside its figures on VT-d.
std::string amd(const Rows &rows, const Silicon &)
{
    const std::string bench = "dma-map-pair";
    std::vector<std::string> cells{"subject"};
    for (const std::string n : {"1 page", "16 pages", "64 pages"})
        cells.insert(cells.end(), {n, "to VT-d"});
    cells.insert(cells.end(), {"hypercalls", "invalidations"});
    std::string text = head(cells);
    for (const std::string &subject : order()) {
        const std::string mine = subject + "-amd";
        cells = {mine};
        for (const std::string metric : {"insns_1p", "insns_16p", "insns_64p"}) {
            const Row *row = find(rows, bench, mine, metric), *vtd = find(rows, bench, subject, metric);
            cells.push_back(row ? figure(row->value) : "-");
            cells.push_back(row && vtd && vtd->value > 0 ? fmt::format("{:.2f}", row->value / vtd->value) : "-");
        }
        for (const std::string metric : {"hypercalls", "invalidations"}) {
            const Row *row = find(rows, bench, mine, metric);
            cells.push_back(row ? figure(row->value) : "-");
        }
        if (find(rows, bench, mine, "insns_1p"))
            text += line(cells);
    }
    return text;
}

std::string halves(const Rows &rows, const Silicon &)
{
    std::vector<Column> columns;
    for (const std::string half : {"map", "unmap"})
        for (const std::string n : {"1", "16", "64"})
            columns.push_back({fmt::format("{} {}", half, n), "dma-map-half", fmt::format("{}_insns_{}p", half, n)});
    return by_subject(rows, "subject", columns);
}

std::string patterns(const Rows &rows, const Silicon &)
{
    return by_subject(rows, "subject",
                      {{"hot", "dma-map-pair", "insns_1p"},
                       {"fresh", "dma-map-pair-fresh", "insns_1p"},
                       {"ring", "dma-map-pair-ring", "insns_1p"},
                       {"hypercalls: hot", "dma-map-pair", "hypercalls"},
                       {"fresh", "dma-map-pair-fresh", "hypercalls"},
                       {"ring", "dma-map-pair-ring", "hypercalls"}});
}

std::string lists(const Rows &rows, const Silicon &)
{
    std::vector<Column> columns;
    for (const std::string n : {"1", "8", "64", "256"})
        columns.push_back({n, "sg-" + n, "insns_per_page"});
    return by_subject(rows, "entries",
                      columns + std::vector<Column>{{"64: hypercalls", "sg-64", "hypercalls_per_page"},
                                                    {"invalidations", "sg-64", "invalidations_per_page"},
                                                    {"silicon, ns", "sg-64", "silicon_per_page"}});
}

std::string batches(const Rows &rows, const Silicon &)
{
    std::vector<Column> columns{{"none", "iommu-op", "insns_b0"}};
    for (int n = 1; n <= 128; n *= 2)
        columns.push_back({fmt::format("{}", n), "iommu-op", fmt::format("insns_b{}", n)});
    return by_subject(rows, "ops a call", columns);
}

// A pair of one page in mode strict is two batches, of a map op and of an unmap op. The
// rest of the pair is spent in dom0's kernel.
std::string breakdown(const Rows &rows, const Silicon &)
{
    const Row *pair = find(rows, "dma-map-pair", "strict", "insns_1p");
    const Row *crossing = find(rows, "iommu-op", "map", "insns_b0");
    const Row *map = find(rows, "iommu-op", "map", "insns_b1"), *unmap = find(rows, "iommu-op", "unmap", "insns_b1");
    std::string text = head({"part of a pair in strict", "instructions"});
    if (!pair || !crossing || !map || !unmap)
        return text;
    text += line({"two crossings", figure(2 * crossing->value)});
    text += line({"Xen: a map op", figure(map->value - crossing->value)});
    text += line({"Xen: an unmap op and its flush", figure(unmap->value - crossing->value)});
    text += line({"dom0's kernel", figure(pair->value - map->value - unmap->value)});
    return text + line({"the pair", figure(pair->value)});
}

std::string check(const Rows &rows, const Silicon &)
{
    std::vector<Column> columns;
    for (const std::string half : {"map", "unmap"})
        for (const auto &[who, bench] : {std::pair{"ours", "dma-map-half"}, {"kernel's", "dma-map-benchmark"}})
            columns.push_back({half + ", " + who, bench, half + "_insns_1p"});
    return by_subject(rows, "subject", columns);
}

// Of a pair on one CPU and on two.
std::string by_cpus(const Rows &rows, const std::vector<std::pair<std::string, std::string>> &counters)
{
    std::vector<Column> columns;
    for (const auto &[name, metric] : counters)
        for (const std::string n : {"1", "2"})
            columns.push_back(
                {fmt::format("{}, {} CPU", name, n), "dma-map-threads", fmt::format("{}_{}t", metric, n)});
    return by_subject(rows, "subject", columns);
}

std::string threads(const Rows &rows, const Silicon &)
{
    return by_cpus(rows, {{"hypercalls", "hypercalls"}, {"ops", "ops"}, {"invalidations", "invalidations"}});
}

std::string locks(const Rows &rows, const Silicon &)
{
    return by_cpus(rows, {{"locks", "locks"}, {"waits", "lock_waits"}});
}

// A refused subject has a line, and no figure.
std::string refusal(const std::string &subject, std::size_t columns)
{
    std::vector<std::string> cells(columns, "-");
    cells[0] = subject;
    cells[1] = "refused";
    return line(cells);
}

// The spread of a throughput has a column, because the spread is not always small.
std::string moved_by(const Rows &rows, const std::string &subject, const std::string &bench, const std::string &unit)
{
    const Row *throughput = find(rows, bench, subject, "throughput");
    if (!throughput)
        return find(rows, bench, subject, "refused") ? refusal(subject, 8) : "";
    std::vector<std::string> cells{subject};
    const auto add = [&](const std::string &metric) {
        const Row *row = find(rows, bench, subject, fmt::format("{}_per_{}", metric, unit));
        cells.push_back(row ? figure(row->value) : "-");
    };
    add("insns");
    cells.push_back(fmt::format("{:.2f}", throughput->value));
    cells.push_back(fmt::format("{:.1f} %", throughput->spread / throughput->value * 100));
    for (const std::string metric : {"hypercalls", "ops", "invalidations", "silicon"})
        add(metric);
    return line(cells);
}

std::string moved(const Rows &rows, const std::string &bench, const std::string &unit, bool pool = false)
{
    std::string text = head({"subject", "instructions a " + unit, "throughput", "its spread", "hypercalls", "ops",
                             "invalidations", "silicon, ns"});
    for (const std::string &subject : order())
        if (on_pool(subject) == pool)
            text += moved_by(rows, subject, bench, unit);
    return text;
}

std::string net(const Rows &rows, const Silicon &) { return moved(rows, "net", "packet"); }

std::string net_pool(const Rows &rows, const Silicon &) { return moved(rows, "net", "packet", true); }

std::string disk(const Rows &rows, const Silicon &) { return moved(rows, "disk", "read"); }

// The subjects are kernels and modes, in the order of their rows.
std::string requests(const Rows &rows, const Silicon &)
{
    const std::string bench = "disk-128k";
    std::string text = head({"kernel and mode", "hypercalls", "flushes", "instructions"});
    for (const Row &row : rows)
        if (row.bench == bench && row.metric == "hypercalls")
            text += line({row.subject, figure(row.value), figure(find(rows, bench, row.subject, "flushes")->value),
                          figure(find(rows, bench, row.subject, "insns_per_request")->value)});
    return text;
}

// Of each subject, beside the figures without the module.
std::string forks(const Rows &rows, const Silicon &)
{
    const std::vector<std::string> metrics{"insns_fork", "insns_exec", "insns"};
    std::string text = head({"subject", "a fork", "to off", "a program", "to off", "both", "to off", "mapped"});
    for (const std::string &subject : order()) {
        std::vector<std::string> cells{subject};
        for (const std::string &metric : metrics) {
            const Row *row = find(rows, "fork", subject, metric), *off = find(rows, "fork", "off", metric);
            cells.push_back(row ? figure(row->value) : "-");
            cells.push_back(row && off && off->value > 0 ? fmt::format("{:.3f}", row->value / off->value) : "-");
        }
        const Row *mapped = find(rows, "fork", subject, "mapped");
        cells.push_back(mapped ? figure(mapped->value) : "-");
        if (find(rows, "fork", subject, "insns"))
            text += line(cells);
        else if (find(rows, "fork", subject, "refused"))
            text += refusal(subject, cells.size());
    }
    return text;
}

std::string dpdk(const Rows &rows, const Silicon &)
{
    const std::string bench = "dpdk-burst";
    std::vector<Column> columns;
    for (const std::string n : {"1", "32"})
        columns = columns + std::vector<Column>{{n + ": instructions", bench, "insns_per_packet_b" + n},
                                                {"mapping", bench, "map_unmap_insns_b" + n},
                                                {"hypercalls", bench, "hypercalls_per_packet_b" + n},
                                                {"invalidations", bench, "invalidations_per_packet_b" + n},
                                                {"mapping, silicon, ns", bench, "map_unmap_silicon_b" + n}};
    return by_subject(rows, "mapping", columns);
}

std::string bfn(const Rows &rows, const Silicon &)
{
    return by_subject(rows, "allocator",
                      {{"instructions", "bfn-pair", "insns"},
                       {"ns, 1 thread", "bfn-pair", "ns_1t"},
                       {"ns, 2 threads", "bfn-pair", "ns_2t"},
                       {"shared locks", "bfn-pair", "shared_locks"}});
}

std::string verdict(const Goal &goal, const Outcome &o)
{
    if (o.good)
        return "reached";
    return goal.at_most > 0 ? fmt::format("missed by {:.0f} %", (o.reached / goal.at_most - 1) * 100) : "missed";
}

std::string judged(const std::vector<Goal> &all, const std::string &what, const Rows &rows)
{
    std::string text = head({what, "at most", "is", "figures", "outcome"});
    for (const Goal &goal : all) {
        const auto o = judge(goal, rows);
        if (!o) {
            text += line({goal.text, figure(goal.at_most), "-", "-", refused(goal, rows) ? "refused" : "not measured"});
            continue;
        }
        const std::string of = o->peer ? fmt::format("{} / {}", figure(o->value), figure(*o->peer)) : figure(o->value);
        text += line({goal.text, figure(goal.at_most), figure(o->reached), of, verdict(goal, *o)});
    }
    return text;
}

std::string goal_table(const Rows &rows, const Silicon &) { return judged(goals(), "goal", rows); }

std::string target_table(const Rows &rows, const Silicon &) { return judged(targets(), "target", rows); }

std::string model(const Rows &rows, const Silicon &s)
{
    unsigned repeated = 0, equal = 0;
    double worst = 0;
    for (const Row &r : rows)
        // Traffic is no loop: its rows have their own spread.
        if (r.unit == "instructions" && r.runs > 1 && r.bench != "net" && r.bench != "disk") {
            repeated++;
            equal += r.spread < 0.5;
            worst = std::max(worst, r.value > 0 ? r.spread / r.value : 0);
        }
    return fmt::format("silicon = {} ns * instructions + {} ns * hypercalls + {} ns * invalidations.\n"
                       "{} figures in instructions were measured more than once.\n"
                       "{} of these figures were the same to the instruction each time.\n"
                       "The largest spread of the others was {:.2f} %.\n",
                       s.ns_per_insn, s.ns_per_crossing, s.ns_per_invalidation, repeated, equal, worst * 100);
}

using Maker = std::function<std::string(const Rows &, const Silicon &)>;

const std::map<std::string, Maker> &makers()
{
    static const std::map<std::string, Maker> all{{"pairs", pairs},
                                                  {"halves", halves},
                                                  {"patterns", patterns},
                                                  {"lists", lists},
                                                  {"batches", batches},
                                                  {"check", check},
                                                  {"threads", threads},
                                                  {"bfn", bfn},
                                                  {"goals", goal_table},
                                                  {"model", model},
                                                  {"net", net},
                                                  {"disk", disk},
                                                  {"locks", locks},
                                                  {"dpdk", dpdk},
                                                  {"breakdown", breakdown},
                                                  {"targets", target_table},
                                                  {"net-pool", net_pool},
                                                  {"forks", forks},
                                                  {"requests", requests},
                                                  {"amd", amd}};
    return all;
}

} // namespace

std::vector<std::string> table_names()
{
    std::vector<std::string> names;
    for (const auto &[name, maker] : makers())
        names.push_back(name);
    return names;
}

std::string table(const std::string &name, const Rows &rows, const Silicon &silicon)
{
    const auto maker = makers().find(name);
    if (maker == makers().end())
        throw std::runtime_error(fmt::format("there is no table '{}', but {}", name, fmt::join(table_names(), ", ")));
    return maker->second(rows, silicon);
}

std::string fill_page(const std::string &page, const Rows &rows, const Silicon &silicon)
{
    static const std::string open = "<!-- table ", close = " -->\n", last = "<!-- end -->";
    std::string filled;
    std::size_t at = 0;
    for (std::size_t begin; (begin = page.find(open, at)) != std::string::npos;) {
        const auto head_end = page.find(close, begin);
        const auto end = page.find(last, begin);
        if (head_end == std::string::npos || end == std::string::npos || head_end > end)
            throw std::runtime_error("a table of the page has no end");
        const auto body = head_end + close.size();
        const auto name = page.substr(begin + open.size(), head_end - begin - open.size());
        filled += page.substr(at, body - at) + table(name, rows, silicon);
        at = end;
    }
    return filled + page.substr(at);
}

} // namespace bench
