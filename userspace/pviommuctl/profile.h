// SPDX-License-Identifier: GPL-2.0-only
//
// What a record says in sum. Its size grows with the devices, CPUs and stacks
// that differ, not with the events.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "counters.h"
#include "perf_script.h"

namespace ctl {

// y = a + b x by least squares, without keeping the points.
class Line {
public:
    struct Fit {
        double a, b;
        double r2; // 1: all points are on it
    };

    void add(double x, double y);
    uint64_t points() const { return n_; }
    // Nothing where all points have the same x.
    std::optional<Fit> fit() const;

private:
    uint64_t n_ = 0;
    double mean_x_ = 0, mean_y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0;
};

// Hypercalls of as many ops.
struct BatchSize {
    uint64_t calls = 0;
    uint64_t timed = 0; // of which the clock told a time
    uint64_t ns = 0, ns_min = UINT64_MAX, ns_max = 0;
};

// Hypercalls of a kind, by how many ops they had, and what they cost.
struct Batches {
    std::map<uint64_t, BatchSize> sizes;
    Line ns_per_op; // over 1 / ops: a + b / ops

    void add(const Batch &batch);
};

struct FlushSum {
    uint64_t flushes = 0, waited = 0, waited_max = 0;
};

struct DeviceSum {
    uint64_t maps = 0, unmaps = 0, pages = 0, reuse_hits = 0, fallbacks = 0;
    std::map<std::string, uint64_t, std::less<>> maps_by;
};

struct CpuSum {
    uint64_t maps = 0, reuse_hits = 0, hypercalls = 0, ns = 0;
};

// What happened under a stack, or at a call site; and how often a CPU was seen there.
struct Cost {
    uint64_t ns = 0, hypercalls = 0, maps = 0, unmaps = 0;
    uint64_t samples = 0;

    bool maps_anything() const { return ns || hypercalls || maps || unmaps; }
    Cost &operator+=(const Cost &other);
    bool operator==(const Cost &) const = default;
};

// Stacks as a tree, callers above what they call. Node 0 is the root, without a name.
struct StackNode {
    FrameId frame;
    uint32_t parent;
    Cost self;
};

// Where CPUs were, of samples that were taken as time passed.
struct CpuTime {
    uint64_t samples = 0;
    uint64_t idle = 0;
    uint64_t hypercalls = 0; // that xen_pviommu made
    uint64_t ours = 0;       // in xen_pviommu, or what it called, but for those: perf, too, for its events
};

// Events by time, in bins that double their width when a record outgrows them.
class Timeline {
public:
    static constexpr size_t bins = 240;
    enum Series { hypercalls, maps, flushes, series };

    void add(uint64_t ns, Series what);
    uint64_t start() const { return start_; }
    uint64_t bin_ns() const { return width_; }
    // Up to the last one with anything in it.
    size_t used() const { return used_; }
    uint64_t at(Series what, size_t bin) const { return counts_[what][bin]; }

private:
    void widen();

    uint64_t start_ = UINT64_MAX, width_ = 1'000'000;
    size_t used_ = 0;
    std::array<std::array<uint64_t, bins>, series> counts_{};
};

// A counter of the module while events were recorded. It was read twice before and
// twice after, as it may go on while perf switches on and off: it grew by `least`
// while perf surely recorded, and by `most` while it may have.
struct CounterCheck {
    std::string_view counter;
    uint64_t events, least, most;

    bool exact() const { return events == least && events == most; }
    bool possible() const { return least <= events && events <= most; }
};

class Profile {
public:
    void add(const Event &event);

    // By the counters' own names, in their order; those that events tell.
    std::vector<std::pair<std::string_view, uint64_t>> totals() const;
    // Lost events. perf tells of the same ones in two ways, of which one may be missing.
    uint64_t lost() const { return std::max(lost_records_, lost_samples_); }
    double seconds() const;
    uint64_t packets() const { return sent + received; }
    uint64_t ios() const { return completed ? completed : issued; }
    const std::vector<StackNode> &stacks() const { return nodes_; }

    struct Site {
        std::string name;
        Cost cost;
    };
    // Who calls for mappings, the dearest first: the first function of a stack that is
    // neither ours nor the DMA API.
    std::vector<Site> call_sites(const Frames &frames) const;
    CpuTime cpu_time(const Frames &frames) const;

    uint64_t events = 0;  // of xen_pviommu
    uint64_t samples = 0; // of where a CPU was
    uint64_t others = 0;  // of anything else
    uint64_t unknown = 0; // of xen_pviommu, but none that this program knows
    uint64_t maps = 0, unmaps = 0, reuse_hits = 0, fallbacks = 0, static_maps = 0;
    uint64_t hypercalls = 0, ops = 0, mapped = 0, unmapped = 0;
    uint64_t sent = 0, received = 0, issued = 0, completed = 0;
    // All, those that only map, and those with an unmap, which flush.
    Batches batches, mapping, flushing;
    std::map<int64_t, uint64_t> failed; // hypercalls, by status
    std::map<std::string, FlushSum, std::less<>> flushes;
    std::map<std::string, uint64_t, std::less<>> chunks; // by fate
    std::map<std::string, DeviceSum, std::less<>> devices;
    std::map<unsigned, CpuSum> cpus;
    Timeline timeline;

private:
    void add(const Event &event, const Mapping &mapping);
    void add(const Event &event, const Fallback &fallback);
    void add(const Event &event, const Batch &batch);
    void add(const Event &event, const Flush &flush);
    void add(const Event &event, const Chunk &chunk);
    void add(const Event &event, const Other &other);
    void add(const Event &event, const Lost &lost);
    Cost &under(const Event &event);

    uint64_t first_ns_ = UINT64_MAX, last_ns_ = 0;
    uint64_t lost_records_ = 0, lost_samples_ = 0;
    std::vector<StackNode> nodes_ = {{0, 0, {}}};
    std::unordered_map<uint64_t, uint32_t> children_; // by parent and frame
};

// What the events say beside what the counters did: read before perf was switched on,
// then when it was, before it was switched off, and when it was.
std::vector<CounterCheck> compare(const Profile &profile, const std::array<Counters, 4> &counters);

} // namespace ctl
