// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Below the driver's calls: a ring of free buffers, out of any device's reach, and
// each mapping's work for allocated and returned buffers.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_spinlock.h>

#include "pviommu_mempool.h"

namespace pmd {

inline BufferState &state_of(rte_mbuf *m) { return *static_cast<BufferState *>(rte_mbuf_to_priv(m)); }

using Mbufs = std::span<rte_mbuf *>;

// Of an lcore, and used by its thread alone.
struct alignas(RTE_CACHE_LINE_SIZE) Local {
    std::vector<rte_mbuf *> ready; // mapped, from `next` on
    std::vector<rte_mbuf *> fresh;
    std::size_t next = 0;
    std::vector<rte_mbuf *> pending; // given back, and mapped; its room is taken in the beginning
    std::vector<pviommu::Place> places;
    std::unique_ptr<pviommu::Batch> batch; // empty between two calls
    PoolStats stats{};
};

class Store {
public:
    // nullptr, and rte_errno.
    static Store *create(rte_mempool *pool, const PoolConfig &config) noexcept;
    virtual ~Store();
    Store(const Store &) = delete;
    Store &operator=(const Store &) = delete;

    int start() noexcept;
    void stop() noexcept;
    int dequeue(Mbufs to) noexcept;
    void enqueue(Mbufs from) noexcept;
    int flush() noexcept;
    unsigned count() const noexcept { return rte_ring_count(ring_); }
    PoolStats stats() const noexcept;

protected:
    explicit Store(const PoolConfig &config) : config(config) {}

    // Before the first buffer is taken. Return: 0 or -errno.
    virtual int begin() { return 0; }
    // All are filled and mapped, or none: -errno.
    virtual int take(Local &l, Mbufs to) noexcept = 0;
    // Each buffer goes to push() when no device reaches the buffer any more.
    virtual void give(Local &l, Mbufs from) noexcept = 0;
    virtual int settle(Local &) noexcept { return 0; }
    // Unmaps all mapped buffers, of any owner. Nothing is pending.
    virtual void end() noexcept = 0;

    bool pop(Mbufs to) noexcept;
    void push(Mbufs from) noexcept;
    Local &main_local() noexcept { return locals_.front(); }
    std::size_t index_of(const rte_mbuf *m) const
    {
        return static_cast<std::size_t>(static_cast<std::byte *>(m->buf_addr) - config.memory) / config.stride;
    }

    const PoolConfig config;
    std::vector<rte_mbuf *> buffers; // in the order of their memory

private:
    bool init(rte_mempool *pool);
    int serve(Local &l, Mbufs to) noexcept;
    template <typename F> auto as_local(F f) noexcept;

    rte_mempool *pool_ = nullptr;
    rte_ring *ring_ = nullptr;
    std::vector<Local> locals_; // by lcore index, then a slot for all other threads
    rte_spinlock_t others_ = RTE_SPINLOCK_INITIALIZER;
    bool started_ = false;
};

std::unique_ptr<Store> make_static(const PoolConfig &config);
std::unique_ptr<Store> make_burst(const PoolConfig &config);
std::unique_ptr<Store> make_single(const PoolConfig &config);
std::unique_ptr<Store> make_vfio(const PoolConfig &config);

} // namespace pmd
