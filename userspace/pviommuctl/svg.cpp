// SPDX-License-Identifier: GPL-2.0-only
#include "svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace ctl {

namespace {

constexpr double width = 640, height = 300;
constexpr double left = 64, right = width - 16, top = 56, bottom = height - 46;

// From values to places along an axis.
class Scale {
public:
    Scale(double low, double high, double from, double to, bool log2)
        : low_(log2 ? std::log2(low) : low), high_(log2 ? std::log2(high) : high), from_(from), to_(to), log2_(log2)
    {
        if (high_ <= low_)
            high_ = low_ + 1;
    }

    double at(double value) const
    {
        const double v = log2_ ? std::log2(value) : value;
        return from_ + (v - low_) / (high_ - low_) * (to_ - from_);
    }

    // Steps of 1, 2 or 5 times a power of ten, of `least` at least; of 2 where they
    // are logarithms.
    std::vector<double> ticks(int about, double least = 0) const
    {
        std::vector<double> all;
        if (log2_) {
            for (long e = std::lround(std::ceil(low_)); static_cast<double>(e) <= high_; e++)
                all.push_back(std::exp2(e));
            return all;
        }
        const double rough = std::max((high_ - low_) / about, least),
                     power = std::pow(10, std::floor(std::log10(rough)));
        const double step = power * (rough > 5 * power ? 10 : rough > 2 * power ? 5 : rough > power ? 2 : 1);
        const long last = std::lround(std::floor(high_ / step + 1e-9));
        for (long n = std::lround(std::ceil(low_ / step)); n <= last; n++)
            all.push_back(static_cast<double>(n) * step);
        return all;
    }

private:
    double low_, high_, from_, to_;
    bool log2_;
};

std::string text_at(double x, double y, std::string_view anchor, std::string_view text, std::string_view more = "")
{
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                       escape_xml(text));
}

std::string open_svg(std::string_view id, std::string_view title, double high)
{
    return fmt::format("<svg id=\"{}\" class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
                       "role=\"img\" aria-label=\"{}\">\n<style>{}</style>\n",
                       id, width, high, escape_xml(title), svg_style()) +
           text_at(8, 18, "start", title, " class=\"title\"");
}

std::string tip(std::string_view text) { return text.empty() ? "" : "<title>" + escape_xml(text) + "</title>"; }

struct Frame {
    Scale x, y;
};

Frame frame_of(const Plot &plot)
{
    constexpr double most_there_is = std::numeric_limits<double>::max();
    double low = most_there_is, high = -most_there_is, most = 0;
    for (const Series &s : plot.series)
        for (const Point &p : s.points) {
            low = std::min(low, p.x);
            high = std::max(high, p.x);
            most = std::max(most, p.y);
        }
    // Bars and circles are centred, and need half a width at either end.
    const double room = plot.mark == Mark::bars ? 0.5 : 0, factor = plot.x.log2 ? 1.15 : 1;
    return {Scale(low / factor - room, high * factor + room, left, right, plot.x.log2),
            Scale(0, most * 1.05, bottom, top, false)};
}

std::string axes(const Plot &plot, const Frame &f)
{
    std::string svg;
    for (const double y : f.y.ticks(5)) {
        svg += fmt::format("<path class=\"grid\" d=\"M{} {:.1f}H{}\"/>\n", left, f.y.at(y), right);
        svg += text_at(left - 6, f.y.at(y) + 4, "end", short_number(y));
    }
    for (const double x : f.x.ticks(8, plot.mark == Mark::bars ? 1 : 0)) {
        svg += fmt::format("<path class=\"axis\" d=\"M{:.1f} {}v5\"/>\n", f.x.at(x), bottom);
        svg += text_at(f.x.at(x), bottom + 18, "middle", short_number(x));
    }
    svg += fmt::format("<path class=\"axis\" d=\"M{} {}V{}H{}\"/>\n", left, top, bottom, right);
    svg += text_at((left + right) / 2, height - 8, "middle", plot.x.label, " class=\"label\"");
    svg += text_at(0, 0, "middle", plot.y.label,
                   fmt::format(" class=\"label\" transform=\"translate(14 {}) rotate(-90)\"", (top + bottom) / 2));
    return svg;
}

std::string marks(const Plot &plot, const Frame &f, const Series &s, size_t nr)
{
    std::string svg;
    if (plot.mark == Mark::line) {
        for (const Point &p : s.points)
            svg += fmt::format("{}{:.1f} {:.1f}", svg.empty() ? "M" : "L", f.x.at(p.x), f.y.at(p.y));
        return fmt::format("<path class=\"line s{}\" d=\"{}\"/>\n", nr, svg);
    }
    double heaviest = 0;
    for (const Point &p : s.points)
        heaviest = std::max(heaviest, p.weight);
    const double wide = std::max(0.8, std::min(40.0, 0.8 * (f.x.at(2) - f.x.at(1))));
    for (const Point &p : s.points) {
        const double x = f.x.at(p.x);
        // A bar above zero is visible.
        constexpr double lowest = 2;
        const double y = std::min(f.y.at(p.y), plot.mark == Mark::bars ? bottom - lowest : bottom);
        if (plot.mark == Mark::bars)
            svg += fmt::format("<rect class=\"mark s{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
                               "{}</rect>\n",
                               nr, x - wide / 2, y, wide, bottom - y, tip(p.tip));
        else
            svg += fmt::format("<circle class=\"mark s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\">{}</circle>\n", nr,
                               x, y, 2 + 7 * std::sqrt(p.weight / heaviest), tip(p.tip));
    }
    return svg;
}

// A curve is cut off at the frame.
std::string curve(const Plot &plot, const Frame &f, const Series &s, size_t nr)
{
    if (!s.curve || s.points.empty())
        return {};
    const auto [least, most] = std::ranges::minmax(s.points, {}, &Point::x);
    constexpr int steps = 100;
    std::string path;
    for (int i = 0; i <= steps; i++) {
        const double part = static_cast<double>(i) / steps;
        const double x = plot.x.log2 ? least.x * std::pow(most.x / least.x, part) : std::lerp(least.x, most.x, part);
        const double y = std::clamp(f.y.at(s.curve->a + s.curve->b / x), top, bottom);
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", f.x.at(x), y);
    }
    return fmt::format("<path class=\"line curve s{}\" d=\"{}\">{}</path>\n", nr, path, tip(s.curve->name));
}

std::string legend(const Plot &plot)
{
    std::string svg;
    double x = left;
    for (size_t i = 0; i < plot.series.size(); i++) {
        const Series &s = plot.series[i];
        const std::string text = s.curve ? s.name + ": " + s.curve->name : s.name;
        if (text.empty())
            continue;
        svg += fmt::format("<rect class=\"mark s{}\" x=\"{:.1f}\" y=\"29\" width=\"12\" height=\"12\"/>\n", i, x);
        svg += text_at(x + 17, 39, "start", text);
        // About as wide as its letters.
        x += 38 + 6.2 * static_cast<double>(text.size());
    }
    return svg;
}

} // namespace

std::string escape_xml(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c >= ' ' && c <= '~' ? c : '?';
        }
    }
    return out;
}

std::string short_number(double value)
{
    constexpr std::array<std::pair<double, const char *>, 3> units = {{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
    for (const auto &[unit, letter] : units)
        if (std::abs(value) >= unit)
            return fmt::format("{:.3g}{}", value / unit, letter);
    return fmt::format("{:.3g}", value);
}

std::string plot_svg(const Plot &plot)
{
    std::string svg = open_svg(plot.id, plot.title, height);
    const bool empty = std::ranges::all_of(plot.series, [](const Series &s) { return s.points.empty(); });
    if (empty)
        return svg + text_at(width / 2, height / 2, "middle", "the record has nothing of this") + "</svg>\n";
    const Frame f = frame_of(plot);
    svg += axes(plot, f) + legend(plot);
    for (size_t i = 0; i < plot.series.size(); i++)
        svg += marks(plot, f, plot.series[i], i) + curve(plot, f, plot.series[i], i);
    return svg + "</svg>\n";
}

std::string rows_svg(const Rows &rows)
{
    constexpr double step = 26, from = 150, to = width - 190;
    const double high = 54 + step * static_cast<double>(std::max<size_t>(rows.rows.size(), 1));
    std::string svg = open_svg(rows.id, rows.title, high);
    if (rows.rows.empty())
        svg += text_at(width / 2, 46, "middle", "the record has nothing of this");
    double full = rows.full;
    for (const Row &row : rows.rows)
        full = std::max(full, row.value);
    double y = 34;
    for (const Row &row : rows.rows) {
        const double wide = full > 0 ? (to - from) * row.value / full : 0;
        svg += text_at(from - 8, y + 13, "end", row.label);
        svg += fmt::format("<rect class=\"mark s0\" x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"18\">{}</rect>\n", from,
                           y, wide, tip(row.text));
        svg += text_at(from + wide + 6, y + 13, "start", row.text);
        y += step;
    }
    svg += fmt::format("<path class=\"axis\" d=\"M{} 28V{}\"/>\n", from, y);
    svg += text_at((from + to) / 2, high - 6, "middle", rows.label, " class=\"label\"");
    return svg + "</svg>\n";
}

std::string_view svg_style()
{
    return ".plot,.flame{font:12px system-ui,sans-serif}.plot text{fill:#222}.plot "
           ".title{font-size:14px;font-weight:600}"
           ".plot .label{fill:#555}.plot .grid{stroke:#ddd}.plot .axis{stroke:#888;fill:none}"
           ".plot .line{fill:none;stroke-width:1.6}.plot .curve{stroke-dasharray:5 3}"
           ".plot .mark.s0{fill:#2f6fb5}.plot .line.s0{stroke:#2f6fb5}"
           ".plot .mark.s1{fill:#c8641e;fill-opacity:.85}.plot .line.s1{stroke:#c8641e}"
           ".plot .mark.s2{fill:#3c8a4e}.plot .line.s2{stroke:#3c8a4e}"
           "@media(prefers-color-scheme:dark){.plot text{fill:#ddd}.plot .label{fill:#aaa}.plot .grid{stroke:#3a3a3a}"
           ".plot .axis{stroke:#888}.plot .mark.s0{fill:#6aa5e8}.plot .line.s0{stroke:#6aa5e8}"
           ".plot .mark.s1{fill:#f0955a}.plot .line.s1{stroke:#f0955a}"
           ".plot .mark.s2{fill:#76c78a}.plot .line.s2{stroke:#76c78a}}";
}

} // namespace ctl
