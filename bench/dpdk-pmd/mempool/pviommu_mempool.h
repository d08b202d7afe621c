// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The mempool driver "pviommu": a buffer is mapped for devices while the buffer is in
// use. A burst of buffers is mapped at one run of bus addresses, in one hypercall,
// which also carries waiting unmaps.
//
// Each lcore has mapped buffers ready, less than a burst: drivers take their buffers
// one by one. Returned buffers are never among the ready buffers: they are unmapped
// first. rte_mempool's own cache does not do that, so the mempool has none.
#pragma once

#include <cstddef>
#include <cstdint>

#include <pviommu/pviommu.h>
#include <rte_mempool.h>

namespace pmd {

enum class Mapping : std::uint8_t {
    none,   // all once, when the pool is made, for good
    burst,  // with a burst, in one hypercall
    vfio,   // with a burst, by VFIO: a call for memory that lies together
    single, // as burst, with one op a hypercall
};

// rte_mempool_set_ops_byname()'s argument. The struct may go when the mempool is
// populated; the objects behind its pointers stay until the mempool is freed.
struct PoolConfig {
    Mapping mapping = Mapping::burst;
    pviommu::Space *space = nullptr;         // but for vfio: with an lcore more than EAL has
    const pviommu::Region *region = nullptr; // but for vfio: all memory of buffers
    std::byte *memory = nullptr;             // of buffer 0; the others follow
    std::uint64_t stride = 0;                // bytes from buffer to buffer, whole pages
    std::uint64_t iova = 0;                  // vfio: where memory goes
    unsigned burst = 32;                     // buffers mapped together, 1 to max_burst
    unsigned pending = 64;                   // waiting unmaps, an lcore: 1 to max_pending
};
constexpr unsigned max_pending = 2048;
constexpr unsigned max_burst = 1024; // also of one dequeue

// In each mbuf, at the start of its private area.
struct BufferState {
    std::uint64_t run; // burst: where its run of addresses begins; vfio: the first buffer of its map
};

struct PoolStats {
    std::uint64_t maps, unmaps;             // buffers
    std::uint64_t calls;                    // of libpviommu, or of VFIO
    std::uint64_t alone;                    // of these, with unmaps and no map
    std::uint64_t failed;                   // dequeues
    std::uint64_t leaked;                   // buffers that stay out, in an unknown state
    std::uint64_t map_cycles, unmap_cycles; // a call is shared out by buffers
};

// When all mbufs are set up, their buf_addr with them. Return: 0 or -errno.
extern "C" PVIOMMU_API int pviommu_pool_start(rte_mempool *pool) noexcept;
// Unmaps waiting and ready buffers of this lcore. Return: 0, or -errno without any effect.
extern "C" PVIOMMU_API int pviommu_pool_flush(rte_mempool *pool) noexcept;
// Unmaps everything, also buffers in use: all devices with buffers are
// stopped. Only the free of the pool may follow.
extern "C" PVIOMMU_API void pviommu_pool_stop(rte_mempool *pool) noexcept;
// Of all lcores; a little off while they work.
PVIOMMU_API PoolStats pool_stats(const rte_mempool *pool) noexcept;

} // namespace pmd
