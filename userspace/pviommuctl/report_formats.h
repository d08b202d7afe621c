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
    std::string title; // of the recorded command
    // Nothing for a record without counters, and for a single process: the
    // module does not count by process.
    std::vector<CounterCheck> checks;
    bool reloaded = false; // the module was reloaded, and its counters say nothing
};

// The shown part; the rest is summed up.
constexpr size_t sites_shown = 12;

// The gaps of the record, if any: a sentence with the remedy.
std::string incomplete(const Report &report);
// Whether events and counters agree, and why not; empty if there are no counters.
std::string agreement(const Report &report);
// Hypercalls of the record by packets, and by I/Os of disks.
std::optional<double> per(uint64_t hypercalls, uint64_t units);

std::string report_text(const Report &report);
std::string report_json(const Report &report); // one line, without a newline
std::string report_html(const Report &report);

// "a;b;c", callers first, with the events there and not further down.
struct Folded {
    std::string stack;
    Cost cost;
};
std::vector<Folded> folded(const Report &report);

} // namespace ctl
