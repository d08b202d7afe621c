// SPDX-License-Identifier: GPL-2.0-only
//
// A record in sum. The size grows with the number of different devices, CPUs
// and stacks, not with the events.
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
        double r2; // 1: all points are on the line
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
    uint64_t timed = 0; // hypercalls with a time
    uint64_t ns = 0, ns_min = UINT64_MAX, ns_max = 0;
};

// Hypercalls of a kind, by their number of ops, with their cost.
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

// Events under a stack, or at a call site, and samples of a CPU there.
struct Cost {
    uint64_t ns = 0, hypercalls = 0, maps = 0, unmaps = 0;
    uint64_t samples = 0;

    bool maps_anything() const { return ns || hypercalls || maps || unmaps; }
    Cost &operator+=(const Cost &other);
    bool operator==(const Cost &) const = default;
};

// Stacks as a tree, callers above callees. Node 0 is the root, without a name.
struct StackNode {
    FrameId frame;
    uint32_t parent;
    Cost self;
};

// The places of CPUs, by samples in time.
struct CpuTime {
    uint64_t samples = 0;
    uint64_t idle = 0;
    uint64_t hypercalls = 0; // in hypercalls of xen_pviommu
    uint64_t ours = 0;       // in the rest of xen_pviommu and its callees, with perf's work for its events
};

// Events by time, in bins that double their width when a record outgrows them.
class Timeline {
public:
    static constexpr size_t bins = 240;
    enum Series { hypercalls, maps, flushes, series };

    void add(uint64_t ns, Series what);
    uint64_t start() const { return start_; }
    uint64_t bin_ns() const { return width_; }
    // Up to the last bin with an event.
    size_t used() const { return used_; }
    uint64_t at(Series what, size_t bin) const { return counts_[what][bin]; }

private:
    void widen();

    uint64_t start_ = UINT64_MAX, width_ = 1'000'000;
    size_t used_ = 0;
    std::array<std::array<uint64_t, bins>, series> counts_{};
};

// The growth of a module's counter while events were recorded. The counter was read
// twice before and twice after, because the module goes on while perf switches on and
// off. `least` is the growth while perf surely recorded, `most` while perf may have recorded.
struct CounterCheck {
    std::string_view counter;
    uint64_t events, least, most;

    bool exact() const { return events == least && events == most; }
    bool possible() const { return least <= events && events <= most; }
};

class Profile {
public:
    void add(const Event &event);

    // By the counters' own names, in their order; only counters with events.
    std::vector<std::pair<std::string_view, uint64_t>> totals() const;
    // Lost events. perf reports the same events in two ways; one may be missing.
    uint64_t lost() const { return std::max(lost_records_, lost_samples_); }
    double seconds() const;
    uint64_t packets() const { return sent + received; }
    uint64_t ios() const { return completed ? completed : issued; }
    const std::vector<StackNode> &stacks() const { return nodes_; }

    struct Site {
        std::string name;
        Cost cost;
    };
    // Callers of mappings, the dearest first: the first function of a stack outside of
    // the module and the DMA API.
    std::vector<Site> call_sites(const Frames &frames) const;
    CpuTime cpu_time(const Frames &frames) const;

    uint64_t events = 0;  // of xen_pviommu
    uint64_t samples = 0; // of where a CPU was
    uint64_t others = 0;  // of anything else
    uint64_t unknown = 0; // events of xen_pviommu that this program does not know
    uint64_t maps = 0, unmaps = 0, reuse_hits = 0, fallbacks = 0, static_maps = 0;
    uint64_t hypercalls = 0, ops = 0, mapped = 0, unmapped = 0;
    uint64_t sent = 0, received = 0, issued = 0, completed = 0;
    // All hypercalls, those with maps alone, and those with an unmap, which flush.
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

// Events beside the growth of the counters, read at four times: before and after perf
// was switched on, and before and after perf was switched off.
std::vector<CounterCheck> compare(const Profile &profile, const std::array<Counters, 4> &counters);

} // namespace ctl
