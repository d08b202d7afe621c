// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The results of a measurement, and their forms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "histogram.h"
#include "machine.h"
#include "options.h"

namespace pmd {

// Sums. Cycles are of the measured work: no idle polls, no payload.
struct Result {
    Case is;
    std::uint64_t packets = 0;
    std::uint64_t cycles = 0, map = 0, unmap = 0; // the latter are among the first
    std::uint64_t maps = 0, unmaps = 0, calls = 0;
    std::optional<Events> events = Events{};
    Histogram per_packet; // cycles
    double rate = 0;      // packets a second: measured for rfc2544, else by the cycles

    void add(const Result &other);
};

// Where cycles become time.
struct Clock {
    double hz;
    double ns(double cycles) const { return cycles * 1e9 / hz; }
};

// The share of a frame's time on a line of that speed.
double share(const Result &r, const Clock &clock, int gbps);

std::string table(const std::vector<Result> &results, const Clock &clock);
std::string csv(const std::vector<Result> &results, const Clock &clock);
nlohmann::ordered_json to_json(const std::vector<Result> &results, const Clock &clock);

} // namespace pmd
