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

// The highest rate at which no frame is lost and each is sent in time (RFC 2544,
// 26.1), within 1 %. One lcore sends and receives, so it is that of a lcore.
Result search_rate(const Options &options, Traffic &traffic, const Machine &machine, const Case &is);

// What the pools and the module gained in between.
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

// A burst that was handled.
void count(Result &r, std::uint64_t cycles, unsigned packets);

} // namespace pmd
