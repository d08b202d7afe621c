// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Maps and unmaps in a queue, for one call of the backend: one system call, and
// on the device as few hypercalls as possible.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "space.h"

namespace pviommu {

// Of one lcore, and of its thread. Nothing is done before submit(). Ops are then
// carried out in the order of the queue. Unmaps at the front ride with the maps
// behind. An unmap behind a map of the same batch is carried out after the map, for
// one more hypercall.
//
// An address is used again when its unmap has status 0, and not before. A failed map
// gives its address back. After -EIO the state is unknown, and the address is lost
// (Space::Stats::leaked).
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

    // Queue a map of a place, and return the address. Devices reach the place after
    // submit(), with status 0. Offset and size are multiples of the page size.
    // EINVAL: size; ENOSPC: no addresses; ENOBUFS: the batch is full.
    Result<std::uint64_t> map(Place place, std::uint64_t size, Access access) noexcept;

    // Queue maps of many places of the same size, at successive addresses: place i is
    // at the returned address + i * size. Xen takes them as one list. Each may be
    // unmapped alone, in any order, and the addresses are used again when all are
    // unmapped. Neighbours in ascending order are one op for Xen. All are queued, or
    // none.
    Result<std::uint64_t> map_burst(std::span<const Place> places, std::uint64_t size, Access access) noexcept;

    // Queue an unmap of a run of map() or map_burst(), or of whole pages of a run, also
    // from other lcores' batches. EINVAL: the address was not handed out;
    // ENOBUFS: the batch is full.
    Result<void> unmap(std::uint64_t iova, std::uint64_t size) noexcept;

    // One call for the whole queue. Return: the number of statuses that are not
    // 0. An error: nothing was done, and all is still queued.
    Result<unsigned> submit() noexcept;
    // The ops of the last submit() in the order of the queue, with their statuses;
    // until the next op is queued.
    [[nodiscard]] std::span<const Op> done() const noexcept { return {ops_.get(), done_}; }

    // Drop the queue: the addresses of maps are free again, and unmaps do not
    // happen.
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
    unsigned nr_ = 0;   // queued ops
    unsigned done_ = 0; // of the last submit()
};

} // namespace pviommu
