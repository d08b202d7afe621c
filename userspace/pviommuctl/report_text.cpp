// SPDX-License-Identifier: GPL-2.0-only
#include "report_formats.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "text.h"

namespace ctl {

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string number(uint64_t n) { return fmt::format("{}", n); }

std::string fixed(std::optional<double> value, int decimals)
{
    return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

std::string percent(std::optional<double> share) { return share ? fmt::format("{:.1f}%", *share * 100) : "-"; }

std::string ms(uint64_t ns) { return fmt::format("{:.3f}", static_cast<double>(ns) / 1e6); }

// An empty section is left out.
std::string section(std::string_view title, const Rows &rows, size_t left)
{
    return rows.size() > 1 ? fmt::format("\n{}\n{}", title, aligned(rows, left)) : "";
}

std::string bar(uint64_t n, uint64_t of)
{
    constexpr double width = 40;
    return std::string(static_cast<size_t>(std::ceil(width * per(n, of).value_or(0))), '#');
}

std::string head(const Report &report)
{
    const Profile &p = report.profile;
    Rows rows = {{"record", report.title},
                 {"seconds", fixed(p.seconds(), 3)},
                 {"events", fmt::format("{} of xen_pviommu, {} others", p.events, p.others)},
                 {"lost events", number(p.lost())}};
    if (p.unknown)
        rows.push_back({"unknown", fmt::format("{} events of xen_pviommu: this pviommuctl is too old", p.unknown)});
    if (const std::string agrees = agreement(report); !agrees.empty())
        rows.push_back({"counters", agrees});
    for (const auto &[name, value] : p.totals())
        rows.push_back({std::string(name), number(value)});
    rows.push_back({"ops per hypercall", fixed(per(p.ops, p.hypercalls), 2)});
    rows.push_back({"hypercalls per map", fixed(per(p.hypercalls, p.maps), 2)});
    if (p.packets())
        rows.push_back(
            {"hypercalls per packet",
             fmt::format("{} ({} sent, {} received)", fixed(per(p.hypercalls, p.packets()), 3), p.sent, p.received)});
    if (p.ios())
        rows.push_back(
            {"hypercalls per I/O",
             fmt::format("{} ({} issued, {} completed)", fixed(per(p.hypercalls, p.ios()), 3), p.issued, p.completed)});
    return aligned(rows, 2);
}

std::string fits_text(const Profile &p)
{
    Rows rows = {{"HYPERCALLS", "NS OF AN OP IN A BATCH OF B", "R2"}};
    const auto add = [&rows](const char *kind, const Line &line) {
        if (const auto fit = line.fit())
            rows.push_back({kind, fmt::format("{:.0f} {} {:.0f} / B", fit->a, fit->b < 0 ? "-" : "+", std::abs(fit->b)),
                            fixed(fit->r2, 3)});
    };
    add("all", p.batches.ns_per_op);
    add("that only map", p.mapping.ns_per_op);
    add("with an unmap, so a flush", p.flushing.ns_per_op);
    return section("Fit by least squares: an op, and a hypercall shared by B of them", rows, 2);
}

std::string sizes_text(const Profile &p)
{
    Rows rows = {{"OPS", "HYPERCALLS", "SHARE", "NS/OP", "NS", "MIN", "MAX", ""}};
    uint64_t most = 0, timed = 0;
    for (const auto &[ops, size] : p.batches.sizes)
        most = std::max(most, size.calls);
    for (const auto &[ops, size] : p.batches.sizes) {
        timed += size.timed;
        rows.push_back({number(ops), number(size.calls), percent(per(size.calls, p.hypercalls)),
                        fixed(per(size.ns, size.timed * ops), 0), fixed(per(size.ns, size.timed), 0),
                        size.timed ? number(size.ns_min) : "-", size.timed ? number(size.ns_max) : "-",
                        bar(size.calls, most)});
    }
    // The bars are to the left of theirs.
    size_t width = 0;
    for (const auto &row : rows)
        width = std::max(width, row.back().size());
    for (auto &row : rows)
        row.back().resize(width, ' ');
    std::string text = section("Hypercalls by their ops, and their cost", rows, 0);
    if (timed < p.hypercalls)
        text += fmt::format("{} hypercalls have no time, as the clock stood still; they are in no cost\n",
                            p.hypercalls - timed);
    return text + fits_text(p);
}

std::string failed_text(const Profile &p)
{
    Rows rows = {{"STATUS", "HYPERCALLS"}};
    for (const auto &[status, calls] : p.failed)
        rows.push_back({fmt::format("{}", status), number(calls)});
    return section("Hypercalls with an error in them", rows, 0);
}

std::string flushes_text(const Profile &p)
{
    Rows rows = {{"REASON", "FLUSHES", "SHARE", "WAITED", "EACH", "MAX"}};
    uint64_t all = 0;
    for (const auto &[reason, sum] : p.flushes)
        all += sum.flushes;
    for (const auto &[reason, sum] : p.flushes)
        rows.push_back({reason, number(sum.flushes), percent(per(sum.flushes, all)), number(sum.waited),
                        fixed(per(sum.waited, sum.flushes), 1), number(sum.waited_max)});
    return section("Flushes by reason, and their waiting unmaps", rows, 1);
}

std::string devices_text(const Profile &p)
{
    Rows rows = {{"DEVICE", "MAPS", "UNMAPS", "PAGES", "REUSE", "FALLBACKS"}};
    for (const auto &[device, sum] : p.devices)
        rows.push_back({device, number(sum.maps), number(sum.unmaps), number(sum.pages),
                        percent(per(sum.reuse_hits, sum.maps)), number(sum.fallbacks)});
    return section("Devices", rows, 1);
}

std::string cpus_text(const Profile &p)
{
    Rows rows = {{"CPU", "MAPS", "REUSE", "HYPERCALLS", "MS"}};
    for (const auto &[cpu, sum] : p.cpus)
        rows.push_back({number(cpu), number(sum.maps), percent(per(sum.reuse_hits, sum.maps)), number(sum.hypercalls),
                        ms(sum.ns)});
    return section("CPUs", rows, 0);
}

std::string cpu_time_text(const Report &report)
{
    const CpuTime t = report.profile.cpu_time(report.frames);
    Rows rows = {{"CPU TIME", "SHARE", "SAMPLES"}};
    const auto add = [&](const char *where, uint64_t n) {
        rows.push_back({where, percent(per(n, t.samples)), number(n)});
    };
    if (t.samples) {
        add("idle", t.idle);
        add("xen_pviommu's hypercalls", t.hypercalls);
        add("xen_pviommu, and recording its events", t.ours);
        add("all else", t.samples - t.idle - t.hypercalls - t.ours);
    }
    return section("Where CPUs were", rows, 1);
}

std::string sites_text(const Report &report)
{
    auto sites = report.profile.call_sites(report.frames);
    Cost all;
    for (const auto &site : sites)
        all += site.cost;
    if (sites.size() > sites_shown) {
        Profile::Site rest{fmt::format("({} more)", sites.size() - sites_shown + 1), {}};
        for (size_t i = sites_shown - 1; i < sites.size(); i++)
            rest.cost += sites[i].cost;
        sites.resize(sites_shown - 1);
        sites.push_back(rest);
    }
    Rows rows = {{"CALL SITE", "MS", "SHARE", "HYPERCALLS", "MAPS", "UNMAPS"}};
    for (const auto &[name, cost] : sites)
        rows.push_back({name, ms(cost.ns), percent(per(cost.ns, all.ns)), number(cost.hypercalls), number(cost.maps),
                        number(cost.unmaps)});
    return section("Call sites, by the time of their hypercalls", rows, 1);
}

} // namespace

std::string report_text(const Report &report)
{
    const Profile &p = report.profile;
    return head(report) + sizes_text(p) + failed_text(p) + flushes_text(p) + devices_text(p) + cpus_text(p) +
           cpu_time_text(report) + sites_text(report);
}

} // namespace ctl
