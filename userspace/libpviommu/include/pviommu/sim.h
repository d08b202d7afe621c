// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A backend without Xen: a table from bus addresses to memory of this process,
// walked by a virtual device. The meaning is that of docs/device.md, status by
// status. The backend counts the hypercalls of the module.
//
// Not simulated are pages that stay pinned after munmap(), and memory other than
// RAM (EOPNOTSUPP).
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
        // The window goes to the first multiple of its size from this address on, or
        // below 4 GiB for a lower limit.
        std::uint64_t first = 0x8000000000ULL;
        // No two pages are neighbours in the machine, as in some PV dom0.
        bool scattered = false;
        // Xen's status for a correct op, by the op's number from 0 on: 0 or a
        // negative errno. -EIO: the state of the op's pages is unknown.
        std::function<int(std::uint64_t nth, const Op &op)> inject;
        // Busy time of submit() for each.
        std::chrono::nanoseconds hypercall{0}, flush{0};
    };
    // hypercalls, flushes and ops as docs/device.md, "Hypercalls", has them.
    struct Counters {
        std::uint64_t calls;                // of submit()
        std::uint64_t hypercalls;           // of the module
        std::uint64_t ops;                  // for Xen: runs, lists and unmaps
        std::uint64_t slots;                // of these ops
        std::uint64_t flushes;              // hypercalls with an unmap
        std::uint64_t maps, unmaps, failed; // ops of the caller
        std::uint64_t pages_mapped, pages_unmapped;
        std::uint64_t faults;
    };
    struct Fault {
        std::uint64_t iova;
        bool write;
    };
    // Memory at an address; data is nullptr for a fault.
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

    // The memory at an address: contiguous bytes of this process, up to
    // len. A fault is counted, and belongs to the first forbidden page.
    Segment translate(std::uint64_t iova, std::uint64_t len, bool write) noexcept;
    // DMA. Return: false for a fault; the bytes before are done.
    bool dma_read(std::uint64_t iova, std::span<std::byte> to) noexcept;
    bool dma_write(std::uint64_t iova, std::span<const std::byte> from) noexcept;

    // --- Results.

    [[nodiscard]] Counters counters() const noexcept;
    // The last faults, within the given room; the newest is the last. Return: the number.
    unsigned faults(std::span<Fault> to) const noexcept;

private:
    struct PVIOMMU_HIDDEN State;
    std::unique_ptr<State> state_;
};

} // namespace pviommu
