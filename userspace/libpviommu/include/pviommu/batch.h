// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Maps and unmaps that wait for each other, so that they are one call of the
// backend: one system call, and on the device as few hypercalls as can be.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "space.h"

namespace pviommu {

// Of one lcore, and of its thread. Nothing is done before submit(). Ops are
// carried out in the order in which they were queued: so unmaps that come first
// ride with the maps behind them, and an unmap of what the same batch maps is
// carried out after that map (for one more hypercall).
//
// An address is used again when its unmap has status 0, and not before: if that
// failed, never. A map that failed gives its address back. After -EIO it is not known
// what is there: such addresses are lost (Space::Stats::leaked).
class PVIOMMU_API Batch {
public:
    // Up to max_ops of the backend's info.
    static Result<Batch> create(Lcore &lcore, unsigned capacity = 256) noexcept;
    Batch(Batch &&other) noexcept;
    Batch &operator=(Batch &&other) noexcept;
    Batch(const Batch &) = delete;
    Batch &operator=(const Batch &) = delete;
    // As clear().
    ~Batch();

    // Queue a map of a place at an address that is returned: devices reach it when
    // submit() has given it status 0. Offset and size are multiples of the page size.
    // EINVAL: size; ENOSPC: no addresses; ENOBUFS: the batch is full.
    Result<std::uint64_t> map(Place place, std::uint64_t size, Access access) noexcept;

    // Queue maps of many places of the same size, at addresses that follow each
    // other from the one that is returned: place i is at + i * size. Xen takes them as
    // one list. Each may be unmapped for itself, in any order, and the addresses
    // are used again when all of them are; neighbours that are unmapped in
    // ascending order are one op for Xen. All are queued, or none.
    Result<std::uint64_t> map_burst(std::span<const Place> places, std::uint64_t size, Access access) noexcept;

    // Queue an unmap of what map() or map_burst() gave: of all, or of whole pages of
    // it. Also what other lcores' batches mapped. EINVAL: nothing is handed out
    // there; ENOBUFS: the batch is full.
    Result<void> unmap(std::uint64_t iova, std::uint64_t size) noexcept;

    // One call for all that is queued. Return: how many ops have a status that is not
    // 0. An error: nothing was done, and all is still queued.
    Result<unsigned> submit() noexcept;
    // The ops of the last submit() in the order in which they were queued, with
    // their statuses; until the next op is queued.
    [[nodiscard]] std::span<const Op> done() const noexcept { return {ops_.get(), done_}; }

    // Forget what is queued: maps' addresses are free again, and what was to be
    // unmapped stays mapped.
    void clear() noexcept;

    [[nodiscard]] unsigned size() const noexcept { return nr_; }
    [[nodiscard]] unsigned capacity() const noexcept { return capacity_; }
    [[nodiscard]] unsigned room() const noexcept { return capacity_ - nr_; }

private:
    Batch(Lcore &lcore, std::unique_ptr<Op[]> ops, unsigned capacity) noexcept;
    PVIOMMU_HIDDEN void put(const Op &op) noexcept;
    PVIOMMU_HIDDEN void settle() noexcept;

    Lcore *lcore_;
    std::unique_ptr<Op[]> ops_;
    unsigned capacity_;
    unsigned nr_ = 0;   // that are queued
    unsigned done_ = 0; // of the last submit()
};

} // namespace pviommu
