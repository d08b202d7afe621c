// SPDX-License-Identifier: GPL-2.0-only
#include "flame.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "svg.h"

namespace ctl {

namespace {

constexpr double narrowest = 1.0 / 2000;
constexpr unsigned row = 18;

uint64_t measure(const Flame &flame, const Cost &cost)
{
    return flame.by == Measure::time ? cost.ns : flame.by == Measure::maps ? cost.maps : cost.samples;
}

using Children = std::vector<std::vector<uint32_t>>;

// Functions side by side in the order of their names, to compare two pictures.
Children children_of(const Report &report, const std::vector<StackNode> &nodes)
{
    Children children(nodes.size());
    for (uint32_t i = 1; i < nodes.size(); i++)
        children[nodes[i].parent].push_back(i);
    for (auto &siblings : children)
        std::ranges::sort(siblings, {},
                          [&](uint32_t n) { return std::string_view(report.frames[nodes[n].frame].name); });
    return children;
}

// With all below; a child comes behind its parent in `nodes`.
std::vector<Cost> whole(const std::vector<StackNode> &nodes)
{
    std::vector<Cost> costs;
    for (const StackNode &node : nodes)
        costs.push_back(node.self);
    for (size_t i = nodes.size() - 1; i > 0; i--)
        costs[nodes[i].parent] += costs[i];
    return costs;
}

std::string colour(const Box &box)
{
    if (box.ours)
        return "#8fbce6";
    unsigned hash = 0;
    for (const char c : box.name)
        hash = hash * 31 + static_cast<unsigned char>(c);
    return fmt::format("hsl({} 75% {}%)", 25 + hash % 30, 66 + hash / 30 % 10);
}

std::string box_svg(const Flame &flame, const Box &box)
{
    const uint64_t own = measure(flame, box.cost), all = measure(flame, flame.all);
    const std::string tip =
        fmt::format("{}: {:.1f}%, ", box.name, 100 * static_cast<double>(own) / static_cast<double>(all)) +
        (flame.by == Measure::samples
             ? fmt::format("{} samples", own)
             : fmt::format("{:.3f} ms in {} hypercalls, {} maps, {} unmaps", static_cast<double>(box.cost.ns) / 1e6,
                           box.cost.hypercalls, box.cost.maps, box.cost.unmaps));
    return fmt::format(
        "<svg class=\"box\" x=\"{0:.4f}%\" width=\"{1:.4f}%\" y=\"{2}\" height=\"{3}\" data-x=\"{4:.6f}\" "
        "data-w=\"{5:.6f}\" data-d=\"{6}\" tabindex=\"0\"><title>{7}</title>"
        "<rect width=\"100%\" height=\"100%\" fill=\"{8}\"/><text x=\"4\" y=\"13\">{9}</text></svg>\n",
        100 * box.x, 100 * box.width, box.depth * row, row - 1, box.x, box.width, box.depth, escape_xml(tip),
        colour(box), escape_xml(box.name));
}

// Without a measure: the measure of the cost of mappings.
Flame flame_of(const Report &report, std::optional<Measure> by)
{
    const auto &nodes = report.profile.stacks();
    const Children children = children_of(report, nodes);
    const std::vector<Cost> costs = whole(nodes);
    Flame flame;
    flame.all = costs[0];
    flame.by = by.value_or(flame.all.ns ? Measure::time : Measure::maps);
    const auto all = static_cast<double>(measure(flame, flame.all));
    if (all <= 0)
        return flame;
    struct Place {
        uint32_t node;
        unsigned depth;
        double x;
    };
    std::vector<Place> open = {{0, 0, 0}};
    while (!open.empty()) {
        const Place at = open.back();
        open.pop_back();
        const double wide = static_cast<double>(measure(flame, costs[at.node])) / all;
        const auto &frame = report.frames;
        flame.boxes.push_back({at.node ? frame[nodes[at.node].frame].name : "all",
                               at.node && frame[nodes[at.node].frame].ours, at.depth, at.x, wide, costs[at.node]});
        double x = at.x;
        for (const uint32_t child : children[at.node]) {
            const double w = static_cast<double>(measure(flame, costs[child])) / all;
            if (w >= narrowest)
                open.push_back({child, at.depth + 1, x});
            x += w;
        }
    }
    std::ranges::stable_sort(flame.boxes, {}, [](const Box &b) { return std::pair(b.depth, b.x); });
    return flame;
}

} // namespace

Flame mapping_flame(const Report &report) { return flame_of(report, std::nullopt); }
Flame cpu_flame(const Report &report) { return flame_of(report, Measure::samples); }

std::string flame_svg(const Flame &flame, std::string_view id)
{
    unsigned deepest = 0;
    for (const Box &box : flame.boxes)
        deepest = std::max(deepest, box.depth);
    std::string svg = fmt::format("<svg id=\"{}\" class=\"flame\" xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" "
                                  "height=\"{}\" role=\"img\" aria-label=\"Stacks\">\n<style>{}"
                                  ".box text{{fill:#111;pointer-events:none}}.box{{cursor:pointer}}"
                                  ".box:hover rect,.box:focus rect{{stroke:#000;stroke-width:1.5}}</style>\n",
                                  id, (deepest + 1) * row, svg_style());
    for (const Box &box : flame.boxes)
        svg += box_svg(flame, box);
    return svg + "</svg>\n";
}

} // namespace ctl
