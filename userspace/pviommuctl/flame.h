// SPDX-License-Identifier: GPL-2.0-only
//
// Stacks as an icicle: callers above what they call, as wide as what they cost.
#pragma once

#include <string>

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

// By time if there is one, else by mappings. What is narrower than a pixel or so
// is left out.
struct Flame {
    bool by_time = false;
    Cost all;
    std::vector<Box> boxes; // callers first
};

Flame flame_of(const Report &report);
std::string flame_svg(const Flame &flame);

} // namespace ctl
