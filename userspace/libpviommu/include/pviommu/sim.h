// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A backend without Xen: a table from bus addresses to memory of this process,
// which a virtual device walks. It means what docs/device.md says, status by
// status, and counts the hypercalls that the module would make.
//
// What it does not have: pages that stay pinned after munmap(), and memory that
// is not RAM (EOPNOTSUPP).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "backend.h"

namespace pviommu {

class PVIOMMU_API Sim final : public Backend {
public:
    struct Options {
        // The window goes to the first multiple of its size from there on, or below
        // 4 GiB if the limit asks for that.
        std::uint64_t first = 0x8000000000ULL;
        // No two pages are neighbours in the machine, as it may be in a PV dom0.
        bool scattered = false;
        // What Xen says of an op that is right, by its number from 0 on: 0 or a
        // negative errno. -EIO: nobody knows what its pages map.
        std::function<int(std::uint64_t nth, const Op &op)> inject;
        // What submit() spends on each, busy.
        std::chrono::nanoseconds hypercall{0}, flush{0};
    };
    // hypercalls, flushes and ops as docs/device.md, "Hypercalls", has them.
    struct Counters {
        std::uint64_t calls;                // of submit()
        std::uint64_t hypercalls;           // that the module would make
        std::uint64_t ops;                  // that Xen would be given: runs, lists and unmaps
        std::uint64_t slots;                // that they take
        std::uint64_t flushes;              // hypercalls with an unmap
        std::uint64_t maps, unmaps, failed; // ops of the caller
        std::uint64_t pages_mapped, pages_unmapped;
        std::uint64_t faults;
    };
    struct Fault {
        std::uint64_t iova;
        bool write;
    };
    // Memory at an address; data is nullptr when it is a fault.
    struct Segment {
        std::byte *data;
        std::uint64_t size;
    };

    Sim();
    explicit Sim(Options options);
    ~Sim() override;

    [[nodiscard]] const char *name() const noexcept override { return "sim"; }
    Result<Info> info() noexcept override;
    Result<std::uint64_t> take_window(std::uint64_t size, std::uint64_t limit) noexcept override;
    Result<std::uint32_t> add_region(const void *addr, std::uint64_t size, Access access) noexcept override;
    Result<void> del_region(std::uint32_t id) noexcept override;
    Result<unsigned> submit(std::span<Op> ops) noexcept override;

    // --- The side of a device. Any thread, without a lock.

    // The memory at an address: as many bytes as lie together in this process, up to
    // len. A fault, which is counted, is of the first page that may not be reached.
    Segment translate(std::uint64_t iova, std::uint64_t len, bool write) noexcept;
    // DMA. Return: false when it is a fault; what is before that is done.
    bool dma_read(std::uint64_t iova, std::span<std::byte> to) noexcept;
    bool dma_write(std::uint64_t iova, std::span<const std::byte> from) noexcept;

    // --- What happened.

    [[nodiscard]] Counters counters() const noexcept;
    // The last ones, up to as many as there is room; the newest is the last. Return: how many.
    unsigned faults(std::span<Fault> to) const noexcept;

private:
    struct PVIOMMU_HIDDEN State;
    std::unique_ptr<State> state_;
};

} // namespace pviommu
