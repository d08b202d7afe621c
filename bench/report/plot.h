// SPDX-License-Identifier: GPL-2.0-only
//
// Plots, by gnuplot.
#pragma once

#include <filesystem>

#include "rows.h"

namespace bench {

// Writes pairs.svg, silicon.svg, lists.svg and batches.svg. Throws if gnuplot fails.
void plot_all(const Rows &rows, const std::filesystem::path &dir);

} // namespace bench
