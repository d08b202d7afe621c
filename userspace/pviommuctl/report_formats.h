// SPDX-License-Identifier: GPL-2.0-only
//
// A report, in each of its forms.
#pragma once

#include <string>
#include <vector>

#include "profile.h"

namespace ctl {

struct Report {
    Profile profile;
    Frames frames;
    std::string title; // what was recorded
    // Nothing for a record of which no counters are known, and of one process,
    // which they don't count by.
    std::vector<CounterCheck> checks;
    bool reloaded = false; // the module was, so that its counters say nothing
};

// Of what is shown: all else adds up.
constexpr size_t sites_shown = 12;

// What the record lacks, if anything: a sentence with the remedy.
std::string incomplete(const Report &report);
// Whether events and counters agree, and why not; empty if there are no counters.
std::string agreement(const Report &report);
// Hypercalls of the record by what went over the wire, and to and from disks.
std::optional<double> per(uint64_t hypercalls, uint64_t units);

std::string report_text(const Report &report);
std::string report_json(const Report &report); // one line, without a newline
std::string report_html(const Report &report);

// "a;b;c", callers first, with what happened there and not further down.
struct Folded {
    std::string stack;
    Cost cost;
};
std::vector<Folded> folded(const Report &report);

} // namespace ctl
