// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A pool of mbufs of the driver "pviommu". Their data is in separate memory: VFIO maps
// all of EAL's memory for the whole run, and no stale descriptor would fault there.
#pragma once

#include <span>
#include <string>

#include <rte_mbuf.h>

#include "pviommu_mempool.h"

namespace pmd {

// Bytes of a buffer for frames of a size: whole pages.
std::uint64_t stride_of(unsigned size);

struct PoolOptions {
    unsigned buffers, size;
    Mapping mapping;
    unsigned burst, pending;
    pviommu::Space *space; // but for vfio
};

class Pool {
public:
    // Throws Error.
    Pool(const std::string &name, const PoolOptions &options);
    // All devices with buffers of the pool are stopped.
    ~Pool();
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;

    rte_mempool *get() const { return pool_; }
    PoolStats stats() const { return pool_stats(pool_); }
    // Unmaps buffers that this lcore has returned.
    void flush();
    // Whether this lcore can have all of the buffers: no other lcore has any.
    bool whole();

private:
    void create(const std::string &name, const PoolOptions &options);
    void release();

    std::span<std::byte> memory_;
    pviommu::Region region_;
    rte_mempool *pool_ = nullptr;
    bool started_ = false;
};

} // namespace pmd
