// SPDX-License-Identifier: GPL-2.0-only
//
// Stacks as an icicle: callers above what they call, as wide as what they cost.
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
    Cost cost; // with all below it
};

// What is as wide as it is: hypercalls' time, mappings, CPUs' samples.
enum class Measure { time, maps, samples };

// What is narrower than a pixel or so is left out.
struct Flame {
    Measure by = Measure::time;
    Cost all;
    std::vector<Box> boxes; // callers first
};

// What mappings cost: by time if there is one, else by mappings.
Flame mapping_flame(const Report &report);
// Where CPUs were.
Flame cpu_flame(const Report &report);
std::string flame_svg(const Flame &flame, std::string_view id);

} // namespace ctl
