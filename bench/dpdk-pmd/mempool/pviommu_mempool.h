// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The mempool driver "pviommu": a buffer is mapped for devices while somebody has
// it. A burst of buffers is mapped at one run of bus addresses, in one hypercall,
// which takes along the unmaps that wait.
//
// Each lcore has mapped buffers ready, less than a burst of them: drivers take
// their buffers one by one. What is given back is never among these: it is unmapped
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
    single, // as burst, but one op a hypercall
};

// rte_mempool_set_ops_byname()'s argument. It may go when the mempool is populated;
// what it points to stays until the mempool is freed.
struct PoolConfig {
    Mapping mapping = Mapping::burst;
    pviommu::Space *space = nullptr;         // but for vfio: with an lcore more than EAL has
    const pviommu::Region *region = nullptr; // but for vfio: all memory of buffers
    std::byte *memory = nullptr;             // of buffer 0; the others follow
    std::uint64_t stride = 0;                // bytes from one to the next, whole pages
    std::uint64_t iova = 0;                  // vfio: where memory goes
    unsigned burst = 32;                     // buffers that are mapped in one go, 1 to max_burst
    unsigned pending = 64;                   // unmaps that may wait, an lcore: 1 to max_pending
};
constexpr unsigned max_pending = 2048;
constexpr unsigned max_burst = 1024; // also of one dequeue

// Of each mbuf: its private area begins with it.
struct BufferState {
    std::uint64_t run; // burst: where its run of addresses begins; vfio: the first buffer of its map
};

struct PoolStats {
    std::uint64_t maps, unmaps;             // buffers
    std::uint64_t calls;                    // of libpviommu, or of VFIO
    std::uint64_t alone;                    // of these, with unmaps and no map
    std::uint64_t failed;                   // dequeues
    std::uint64_t leaked;                   // buffers that stay out, as nobody knows what is mapped
    std::uint64_t map_cycles, unmap_cycles; // a call is shared out by buffers
};

// When all mbufs are set up, their buf_addr with them. Return: 0 or -errno.
extern "C" PVIOMMU_API int pviommu_pool_start(rte_mempool *pool) noexcept;
// Unmaps what waits on this lcore, and what it has ready. Return: 0 or -errno, and then it still waits.
extern "C" PVIOMMU_API int pviommu_pool_flush(rte_mempool *pool) noexcept;
// Unmaps everything, also what somebody still has: all devices that may have some
// are stopped. Then nothing is left but to free the pool.
extern "C" PVIOMMU_API void pviommu_pool_stop(rte_mempool *pool) noexcept;
// Of all lcores; a little off while they work.
PVIOMMU_API PoolStats pool_stats(const rte_mempool *pool) noexcept;

} // namespace pmd
