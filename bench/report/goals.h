// SPDX-License-Identifier: GPL-2.0-only
//
// The goals of the figures.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rows.h"

namespace bench {

struct Goal {
    std::string text;
    std::string bench, subject, metric;
    std::string peer;        // the subject of comparison; empty: none
    double at_most;          // of the ratio to the peer, or of the value itself
    std::string peer_metric; // if other than `metric`
};

struct Outcome {
    double value;               // the figure
    std::optional<double> peer; // the peer's
    double reached;             // the ratio, or the figure
    bool good;
};

// Of the releases so far.
const std::vector<Goal> &goals();

// Of maps that yield (docs/performance.md, Targets).
const std::vector<Goal> &targets();

// Nothing if a figure was not measured.
std::optional<Outcome> judge(const Goal &goal, const Rows &rows);

// Was its subject refused, so that no figure exists?
bool refused(const Goal &goal, const Rows &rows);

} // namespace bench
