// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Addresses and memory of a process: a window of a backend, regions, and the
// kernel's own allocator of addresses with a cache an lcore.
//
//   Space      window, regions, lcores         any thread; Regions and Batches end before it
//   Region     memory, pinned while it lives   any thread
//   Lcore      takes and gives addresses       one thread at a time
//   Batch      batch.h: maps and unmaps        the thread of its lcore
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "backend.h"

struct pviommu_core; // the allocator

namespace pviommu {

class Space;
class Batch;

// A place in memory, for a map: the region, and bytes from the region's start.
struct Place {
    std::uint32_t region;
    std::uint64_t offset;
};

// Memory for maps, unpinned when the object goes. A region with a mapped page is
// unpinned when the space goes; remove() says so.
class PVIOMMU_API Region {
public:
    Region() noexcept = default;
    Region(Region &&other) noexcept;
    Region &operator=(Region &&other) noexcept;
    Region(const Region &) = delete;
    Region &operator=(const Region &) = delete;
    ~Region();

    [[nodiscard]] std::uint32_t id() const noexcept { return id_; } // 0: there is none
    [[nodiscard]] std::byte *base() const noexcept { return memory_.data(); }
    [[nodiscard]] std::uint64_t size() const noexcept { return memory_.size(); }
    [[nodiscard]] Access access() const noexcept { return access_; }
    [[nodiscard]] bool contains(const void *addr, std::uint64_t len) const noexcept
    {
        const auto at = reinterpret_cast<std::uintptr_t>(addr) - reinterpret_cast<std::uintptr_t>(base());
        return at <= size() && len <= size() - at;
    }
    [[nodiscard]] Place at(std::uint64_t offset) const noexcept { return {id_, offset}; }
    // Of memory inside the region.
    [[nodiscard]] Place of(const void *addr) const noexcept
    {
        return at(static_cast<std::uint64_t>(static_cast<const std::byte *>(addr) - base()));
    }
    // Now; or EBUSY: a page is mapped, and the region stays.
    Result<void> remove() noexcept;

private:
    friend class Space;
    Region(Space *space, std::uint32_t id, std::span<std::byte> memory, Access access) noexcept;

    Space *space_ = nullptr;
    std::uint32_t id_ = 0;
    Access access_ = Access::read_write;
    std::span<std::byte> memory_;
};

// A cache of addresses. Addresses of one lcore may be freed by another. As a rule no
// lock, no system call and no allocation is needed. Exceptions are the first use of 2 MiB
// of addresses, and once in some 60 pages that only move from lcore to lcore.
class PVIOMMU_API Lcore {
public:
    Lcore(const Lcore &) = delete;
    Lcore &operator=(const Lcore &) = delete;

    // Return: the first address of a run of pages, rounded up to a power
    // of two and aligned. ENOSPC: no such run is free.
    Result<std::uint64_t> alloc(std::uint64_t pages) noexcept;
    // A whole run of alloc(), with its number of pages. No device reaches the run.
    void free(std::uint64_t iova, std::uint64_t pages) noexcept;
    [[nodiscard]] unsigned index() const noexcept { return index_; }
    [[nodiscard]] Space &space() const noexcept { return *space_; }

private:
    friend class Space;
    Lcore(Space *space, pviommu_core *core, std::uint64_t max_pages, unsigned index) noexcept
        : space_(space), core_(core), max_pages_(max_pages), index_(index)
    {}

    Space *space_;
    pviommu_core *core_;
    std::uint64_t max_pages_;
    unsigned index_;
};

class PVIOMMU_API Space {
public:
    struct Options {
        std::uint64_t window = 64ULL << 20; // bytes: a power of two, 2 MiB to 256 MiB
        std::uint64_t limit = no_limit;     // highest address of the device
        unsigned lcores = 1;                // up to 1024
    };
    static Result<std::unique_ptr<Space>> open(std::unique_ptr<Backend> backend, const Options &options) noexcept;
    Space(const Space &) = delete;
    Space &operator=(const Space &) = delete;
    ~Space();

    [[nodiscard]] Backend &backend() const noexcept;
    [[nodiscard]] std::uint64_t base() const noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept;

    // Pins the memory. Base and size are multiples of the page size.
    Result<Region> add(std::span<std::byte> memory, Access access = Access::read_write) noexcept;
    // The region around the memory; ENOENT: none. The call takes a shared lock: a
    // frequent caller keeps the Region.
    Result<Place> region_of(const void *addr, std::uint64_t len) const noexcept;

    // The i-th, from 0.
    [[nodiscard]] Lcore &lcore(unsigned i) noexcept;
    [[nodiscard]] unsigned lcores() const noexcept;

    struct Stats {
        std::uint64_t in_use; // pages of handed out runs; a little off while lcores work
        std::uint64_t leaked; // pages of ops with -EIO: their runs are never used again
    };
    [[nodiscard]] Stats stats() const noexcept;

private:
    friend class Region;
    friend class Lcore;
    friend class Batch;
    struct PVIOMMU_HIDDEN State;
    explicit Space(std::unique_ptr<State> state) noexcept;

    std::unique_ptr<State> state_;
};

} // namespace pviommu
