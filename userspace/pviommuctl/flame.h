// SPDX-License-Identifier: GPL-2.0-only
//
// Stacks as an icicle: callers above callees, as wide as their cost.
#pragma once

#include <string>
#include <string_view>

#include "report_formats.h"

namespace ctl {

// A box of the picture; x and width are shares of all.
struct Box {
    std::string name;
    bool ours;
    unsigned depth;
    double x, width;
    Cost cost; // with all below
};

// The measure of the width: hypercalls' time, mappings, CPUs' samples.
enum class Measure { time, maps, samples };

// Boxes narrower than a pixel or so are left out.
struct Flame {
    Measure by = Measure::time;
    Cost all;
    std::vector<Box> boxes; // callers first
};

// The cost of mappings: by time if the record has times, else by mappings.
Flame mapping_flame(const Report &report);
// Where CPUs were.
Flame cpu_flame(const Report &report);
std::string flame_svg(const Flame &flame, std::string_view id);

} // namespace ctl
