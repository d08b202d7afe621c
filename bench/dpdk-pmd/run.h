// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Measurements of one case.
#pragma once

#include "result.h"
#include "traffic.h"

namespace pmd {

// Throws Error.
Result measure(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports,
               const Case &is);

// The highest rate without a lost frame and with each frame sent in time (RFC 2544,
// 26.1), within 1 %. One lcore sends and receives, so the rate is an lcore's.
Result search_rate(const Options &options, Traffic &traffic, const Machine &machine, const Case &is);

// The growth of the pools' and the module's counters in between.
class Gained {
public:
    Gained(const Traffic &traffic, const Machine &machine);
    void add_to(Result &r) const;

private:
    const Traffic &traffic_;
    const Machine &machine_;
    PoolStats stats_;
    std::optional<Events> events_;
};

// A finished burst.
void count(Result &r, std::uint64_t cycles, unsigned packets);

} // namespace pmd
