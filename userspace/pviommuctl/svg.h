// SPDX-License-Identifier: GPL-2.0-only
//
// Plots as SVG without external parts: in a page, or in a file. Light and
// dark by the reader's choice.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// For text and attributes of XML; bytes that are no UTF-8 or no character of XML are replaced.
std::string escape_xml(std::string_view text);

// 1500 is "1.5k".
std::string short_number(double value);

struct Axis {
    std::string label; // with the unit
    bool log2 = false;
};

struct Point {
    double x, y;
    double weight = 1; // of circles: their area
    std::string tip = {};
};

enum class Mark { bars, circles, line };

// The legend's text, and y = a + b / x if the series has a fit.
struct Curve {
    double a, b;
    std::string name;
};

struct Series {
    std::string name;
    std::vector<Point> points;
    std::optional<Curve> curve;
};

// y begins at 0.
struct Plot {
    std::string id, title;
    Axis x, y;
    Mark mark;
    std::vector<Series> series;
};

std::string plot_svg(const Plot &plot);

struct Row {
    std::string label;
    double value;
    std::string text; // beside the bar
};

// Bars from left to right, one below the other, with their values in words.
struct Rows {
    std::string id, title, label;
    double full = 0; // the longest possible bar; 0: the largest value
    std::vector<Row> rows;
};

std::string rows_svg(const Rows &rows);

// The common <style>.
std::string_view svg_style();

} // namespace ctl
