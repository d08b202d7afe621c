// SPDX-License-Identifier: GPL-2.0-only
//
// The module's counters, and their ratios.
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
    bool of_device; // each device has the counter, too
    std::string_view help;
};

// In the order of reading and display.
std::span<const CounterInfo> counter_table();

struct Counter {
    const CounterInfo *info; // in counter_table()
    uint64_t value;
};

// Counters that an older module lacks are left out.
using Counters = std::vector<Counter>;

std::optional<uint64_t> find(const Counters &counters, std::string_view name);

// The growth between two readings, without gauges and without counters of one reading
// only. Nothing if a counter fell: the counters began anew.
std::optional<Counters> difference(const Counters &before, const Counters &after);

Counters gauges_of(const Counters &counters);

struct Share {
    std::string_view reason; // flush_REASON
    double share;            // 0 to 1
};

// Nothing for a division by zero, or if a counter is missing.
struct Ratios {
    std::optional<double> ops_per_hypercall;
    std::optional<double> hypercalls_per_map;
    std::optional<double> reuse_hit_rate;
    std::vector<Share> flush_shares; // of the flushes with a known reason; empty without any
};

Ratios ratios_of(const Counters &counters);

// "strict" of "flush_strict"; empty for any other counter.
std::string_view flush_reason(std::string_view name);

} // namespace ctl
