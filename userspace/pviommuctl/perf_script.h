// SPDX-License-Identifier: GPL-2.0-only
//
// The output of `perf script`, line by line. docs/profiling.md has the format.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace ctl {

// DMA mappings: pviommu_map, pviommu_unmap, pviommu_reuse_hit.
struct Mapping {
    enum class What { map, unmap, reuse_hit } what;
    std::string_view device;
    uint64_t pages;
    std::string_view by;
};

struct Fallback {
    std::string_view device;
};

// A hypercall.
struct Batch {
    uint64_t maps, unmaps, others, mapped, unmapped;
    int64_t status;
    uint64_t ns;

    uint64_t ops() const { return maps + unmaps + others; }
};

struct Flush {
    std::string_view reason;
    uint64_t waited;
};

struct Chunk {
    std::string_view fate;
};

// Of the network or a disk, or of anything else.
struct Other {
    std::string_view name; // SYSTEM:EVENT
};

// Events that perf had no room for. `samples`: the kernel's sum at the end, event
// by event; otherwise at the place of the loss. Both count the same events.
struct Lost {
    uint64_t events;
    bool samples;
};

using FrameId = uint32_t;

// Functions, each once, however many stacks they are in.
class Frames {
public:
    struct Frame {
        std::string name;
        bool ours; // of xen_pviommu
    };

    FrameId id(std::string_view name, bool ours);
    const Frame &operator[](FrameId id) const { return frames_[id]; }

private:
    std::vector<Frame> frames_;
    std::unordered_map<std::string, FrameId> ids_;
};

// One event; valid during the call.
struct Event {
    unsigned cpu;
    uint64_t ns; // of perf's clock
    std::variant<Mapping, Fallback, Batch, Flush, Chunk, Other, Lost> what;
    std::span<const FrameId> stack; // from the recording function to its callers; may be empty
};

class PerfScript {
public:
    using Sink = std::function<void(const Event &)>;

    explicit PerfScript(Sink sink) : sink_(std::move(sink)) {}

    // A line without its newline. Throws for a broken line of xen_pviommu,
    // with the line's number and a remedy.
    void line(std::string_view line);
    // Behind the last line. Throws if no line was perf's.
    void end();

    uint64_t lines() const { return lines_; }
    const Frames &frames() const { return frames_; }

private:
    void head(std::string_view line);
    void frame(std::string_view line);
    void hand_over();
    [[noreturn]] void fail(const std::string &what) const;

    Sink sink_;
    Frames frames_;
    uint64_t lines_ = 0, head_line_ = 0, heads_ = 0, strange_ = 0;
    std::string head_; // the event before its stack is complete
    std::vector<FrameId> stack_;
};

} // namespace ctl
