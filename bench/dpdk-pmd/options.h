// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The sweep: every combination of modes, mappings, bursts and sizes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "pviommu_mempool.h"

namespace CLI {
class App;
}

namespace pmd {

enum class Mode : std::uint8_t { rx, tx, forward, rfc2544 };
enum class Stale : std::uint8_t { no, tx, rx };

const char *name_of(Mode mode);
const char *name_of(Mapping mapping);

// One measurement.
struct Case {
    Mode mode;
    Mapping mapping;
    unsigned burst;
    unsigned size; // of frames, with their FCS
};

struct Options {
    std::vector<Mode> modes{Mode::forward};
    std::vector<Mapping> mappings{Mapping::none, Mapping::burst, Mapping::single};
    std::vector<unsigned> bursts{1, 32};
    std::vector<unsigned> sizes{64};
    std::vector<std::string> ports; // PCI addresses; empty: virtual devices
    bool loop = false;
    std::uint64_t packets = 100000, warmup = 10000;
    unsigned rounds = 1;
    unsigned buffers = 0; // 0: the need of the largest burst
    unsigned ring = 256;
    unsigned pending = 0; // 0: twice the burst
    unsigned trial_ms = 50;
    bool verify = true;
    std::vector<std::string> drivers; // libraries for EAL
    std::string base, device = "/dev/xen-pviommu", sysfs = "/sys/kernel/xen_pviommu";
    bool verbose = false;
    std::string json, csv;
    Stale stale = Stale::no;

    bool simulated() const { return ports.empty(); }
    unsigned pending_of(unsigned burst) const { return pending ? pending : std::min(2 * burst, max_pending); }
    // Descriptors of a port: two bursts at least.
    unsigned ring_of(unsigned burst) const { return std::max(ring, std::bit_ceil(2 * burst)); }
    // The most buffers out of the store at once: both rings, waiting and ready buffers.
    unsigned buffers_needed() const;
    unsigned buffers_of() const { return buffers ? buffers : std::max(buffers_needed(), 2048U); }
    std::vector<Case> cases() const;
};

void add_options(CLI::App &app, Options &o);
// Checks beyond CLI11's. Throws Error.
void check(const Options &o);

} // namespace pmd
