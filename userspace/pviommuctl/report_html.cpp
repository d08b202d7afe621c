// SPDX-License-Identifier: GPL-2.0-only
//
// One file, without external parts: its policy forbids all requests.
#include "report_formats.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "flame.h"
#include "svg.h"

namespace ctl {

namespace {

constexpr const char *style =
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:1320px;margin:24px auto;padding:0 "
    "16px;background:#fff;color:#222}h1{font-size:22px}h2{font-size:17px;margin:28px 0 8px}.lost{background:#b3261e;"
    "color:#fff;padding:8px 12px;border-radius:4px}.well{color:#1d6b34}.plots{display:grid;grid-template-columns:"
    "repeat(auto-fit,minmax(520px,1fr));gap:20px}.plots>svg{width:100%;height:auto;border:1px solid #ddd;border-radius:"
    "6px}.flame{width:100%}table{border-collapse:collapse}td,th{padding:3px 12px 3px 0;text-align:right}td:first-child,"
    "th:first-child{text-align:left}tr+tr{border-top:1px solid #e4e4e4}.facts{columns:3 300px}.facts div{break-inside:"
    "avoid}.facts b{float:right;margin-right:24px}#where{min-height:1.5em;font-family:monospace}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}.plots>svg{border-color:#3a3a3a}tr+tr{"
    "border-color:#333}.well{color:#76c78a}}";

// A click makes a box as wide as the picture, with its callers above and its callees
// below. A click on the first row, or Escape, leads back.
constexpr const char *script = R"js(
'use strict';
const flames = [...document.querySelectorAll('.flame')].map(f => [...f.querySelectorAll('.box')]);
const of = b => ({x: +b.dataset.x, w: +b.dataset.w, d: +b.dataset.d});
const where = document.getElementById('where');
function zoom(boxes, to) {
    const t = of(to), eps = 1e-6;
    for (const b of boxes) {
        const o = of(b);
        const above = o.d < t.d && o.x <= t.x + eps && o.x + o.w >= t.x + t.w - eps;
        const within = o.d >= t.d && o.x >= t.x - eps && o.x + o.w <= t.x + t.w + eps;
        b.style.display = above || within ? '' : 'none';
        b.setAttribute('x', (above ? 0 : (o.x - t.x) / t.w * 100) + '%');
        b.setAttribute('width', (above ? 100 : o.w / t.w * 100) + '%');
    }
}
for (const boxes of flames) for (const b of boxes) {
    b.addEventListener('click', () => zoom(boxes, b));
    b.addEventListener('mouseenter', () => { where.textContent = b.querySelector('title').textContent; });
    b.addEventListener('keydown', e => { if (e.key === 'Enter') zoom(boxes, b); });
}
document.addEventListener('keydown', e => { if (e.key === 'Escape') for (const f of flames) zoom(f, f[0]); });
document.documentElement.dataset.ready = document.querySelectorAll('#flame > .box').length;
)js";

std::string fact(std::string_view name, std::string_view value)
{
    return fmt::format("<div>{} <b>{}</b></div>\n", escape_xml(name), escape_xml(value));
}

std::string fixed(std::optional<double> value, int decimals)
{
    return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

std::string facts(const Report &report)
{
    const Profile &p = report.profile;
    std::string html = "<section class=\"facts\" id=\"facts\">\n";
    html += fact("seconds", fixed(p.seconds(), 3)) + fact("lost events", fmt::format("{}", p.lost()));
    for (const auto &[name, value] : p.totals())
        html += fact(name, fmt::format("{}", value));
    html += fact("ops per hypercall", fixed(per(p.ops, p.hypercalls), 2));
    html += fact("hypercalls per map", fixed(per(p.hypercalls, p.maps), 2));
    if (p.packets())
        html += fact("hypercalls per packet", fixed(per(p.hypercalls, p.packets()), 3));
    if (p.ios())
        html += fact("hypercalls per I/O", fixed(per(p.hypercalls, p.ios()), 3));
    if (const CpuTime t = p.cpu_time(report.frames); t.samples) {
        const auto share = [&t](uint64_t n) { return fmt::format("{:.1f}%", 100 * *per(n, t.samples)); };
        html += fact("CPU time, idle", share(t.idle)) + fact("in our hypercalls", share(t.hypercalls)) +
                fact("in xen_pviommu, and recording it", share(t.ours));
    }
    return html + "</section>\n";
}

std::string warnings(const Report &report)
{
    std::string html;
    const std::string lost = incomplete(report), agrees = agreement(report);
    const bool possible = std::ranges::all_of(report.checks, &CounterCheck::possible);
    if (!lost.empty())
        html += "<p class=\"lost\" id=\"lost\">" + escape_xml(lost) + "</p>\n";
    if (!agrees.empty() && agrees != lost)
        html += fmt::format("<p class=\"{}\" id=\"counters\">{}</p>\n", possible ? "well" : "lost", escape_xml(agrees));
    return html;
}

std::string histogram(const Profile &p)
{
    Series s;
    for (const auto &[ops, size] : p.batches.sizes)
        s.points.push_back({static_cast<double>(ops), static_cast<double>(size.calls), 1,
                            fmt::format("{} ops: {} hypercalls", ops, size.calls)});
    return plot_svg({"histogram", "Hypercalls by their ops", {"ops in a hypercall"}, {"hypercalls"}, Mark::bars, {s}});
}

Series cost_series(const char *name, const Batches &batches)
{
    Series s{name, {}, {}};
    for (const auto &[ops, size] : batches.sizes)
        if (const auto ns = per(size.ns, size.timed * ops))
            s.points.push_back({static_cast<double>(ops), *ns, static_cast<double>(size.timed),
                                fmt::format("{} ops: {:.0f} ns an op, {} hypercalls", ops, *ns, size.timed)});
    if (const auto fit = batches.ns_per_op.fit())
        s.curve = Curve{fit->a, fit->b,
                        fmt::format("{:.0f} {} {:.0f} / B", fit->a, fit->b < 0 ? "-" : "+", std::abs(fit->b))};
    return s;
}

std::string cost(const Profile &p)
{
    return plot_svg({"cost",
                     "Cost of an op, by the B ops that share a hypercall",
                     {"ops in a hypercall, B", true},
                     {"ns an op"},
                     Mark::circles,
                     {cost_series("maps only", p.mapping), cost_series("with unmaps", p.flushing)}});
}

std::string reasons(const Profile &p)
{
    Rows rows{"flushes", "Flushes, and the waiting unmaps of each", "flushes", 0, {}};
    for (const auto &[reason, sum] : p.flushes)
        rows.rows.push_back({reason, static_cast<double>(sum.flushes),
                             fmt::format("{}, {} waited", sum.flushes, fixed(per(sum.waited, sum.flushes), 1))});
    return rows_svg(rows);
}

std::string rates(const Profile &p)
{
    Rows rows{"rates", "Reused mappings", "share of maps, %", 100, {}};
    const auto add = [&rows](const std::string &label, uint64_t hits, uint64_t maps) {
        if (const auto rate = per(hits, maps))
            rows.rows.push_back({label, *rate * 100, fmt::format("{:.1f}% of {}", *rate * 100, maps)});
    };
    for (const auto &[device, sum] : p.devices)
        add(device, sum.reuse_hits, sum.maps);
    for (const auto &[cpu, sum] : p.cpus)
        add(fmt::format("CPU {}", cpu), sum.reuse_hits, sum.maps);
    return rows_svg(rows);
}

std::string timeline(const Timeline &t)
{
    Plot plot{"timeline", "In the course of time", {"seconds"}, {"per second"}, Mark::line, {}};
    constexpr std::pair<const char *, Timeline::Series> all[] = {
        {"hypercalls", Timeline::hypercalls}, {"maps", Timeline::maps}, {"flushes", Timeline::flushes}};
    const double bin = static_cast<double>(t.bin_ns()) / 1e9;
    for (const auto &[name, series] : all) {
        Series s{name, {}, {}};
        for (size_t i = 0; i < t.used(); i++)
            s.points.push_back({static_cast<double>(i) * bin, static_cast<double>(t.at(series, i)) / bin, 1, ""});
        plot.series.push_back(std::move(s));
    }
    return plot_svg(plot);
}

std::string sites(const Report &report)
{
    std::string html = "<table id=\"sites\"><tr><th>call site</th><th>ms</th><th>hypercalls</th><th>maps</th>"
                       "<th>unmaps</th></tr>\n";
    auto all = report.profile.call_sites(report.frames);
    const size_t more = all.size() > sites_shown ? all.size() - sites_shown : 0;
    all.resize(all.size() - more);
    for (const auto &[name, cost] : all)
        html += fmt::format("<tr><td>{}</td><td>{:.3f}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", escape_xml(name),
                            static_cast<double>(cost.ns) / 1e6, cost.hypercalls, cost.maps, cost.unmaps);
    return html + "</table>\n" + (more ? fmt::format("<p>and {} more</p>\n", more) : "");
}

std::string stacks(const Report &report)
{
    const Flame mapping = mapping_flame(report), cpu = cpu_flame(report);
    std::string html = "<p>Callers above callees, xen_pviommu in blue. Click to zoom, Escape to return.</p>\n"
                       "<p id=\"where\"></p>\n";
    if (mapping.boxes.empty())
        html += "<p>The record has no stacks of mappings.</p>\n";
    else
        html += fmt::format("<h2>What mappings cost, by {}</h2>\n",
                            mapping.by == Measure::time ? "the time of hypercalls" : "their number") +
                flame_svg(mapping, "flame");
    if (!cpu.boxes.empty())
        html += fmt::format("<h2>Where CPUs were, by {} samples</h2>\n", cpu.all.samples) + flame_svg(cpu, "cpu");
    return html;
}

} // namespace

std::string report_html(const Report &report)
{
    const Profile &p = report.profile;
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
           "script-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n" +
           fmt::format(
               "<title>xen-pviommu: {0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>xen-pviommu: {0}</h1>\n",
               escape_xml(report.title), style) +
           warnings(report) + facts(report) + "<h2>Batches</h2>\n<div class=\"plots\">\n" + histogram(p) + cost(p) +
           reasons(p) + rates(p) + timeline(p.timeline) + "</div>\n<h2>Who calls for mappings</h2>\n" + sites(report) +
           stacks(report) + "<script>" + script + "</script>\n</body>\n</html>\n";
}

} // namespace ctl
