// SPDX-License-Identifier: GPL-2.0-only
//
// The counters that the module has, and what can be derived from them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ctl {

enum class Kind {
    counter, // only grows, while the module stays loaded
    gauge,   // of now
};

struct CounterInfo {
    std::string_view name; // of the file
    Kind kind;
    bool of_device; // each device has one too
    std::string_view help;
};

// In the order in which they are read and shown.
std::span<const CounterInfo> counter_table();

struct Counter {
    const CounterInfo *info; // in counter_table()
    uint64_t value;
};

// What an older module lacks is left out.
using Counters = std::vector<Counter>;

std::optional<uint64_t> find(const Counters &counters, std::string_view name);

// What was counted in between; no gauges, and no counter that is in one of both
// only. Nothing if one of them fell: they began anew.
std::optional<Counters> difference(const Counters &before, const Counters &after);

Counters gauges_of(const Counters &counters);

struct Share {
    std::string_view reason; // flush_REASON
    double share;            // 0 to 1
};

// Nothing where it would be a division by zero, or a counter is missing.
struct Ratios {
    std::optional<double> ops_per_hypercall;
    std::optional<double> hypercalls_per_map;
    std::optional<double> reuse_hit_rate;
    std::vector<Share> flush_shares; // of the flushes whose reason is known; empty if there are none
};

Ratios ratios_of(const Counters &counters);

// "strict" of "flush_strict"; empty if it is another counter.
std::string_view flush_reason(std::string_view name);

} // namespace ctl
