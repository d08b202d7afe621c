// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "store.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>

#include <rte_errno.h>
#include <rte_log.h>

namespace pmd {
namespace {

const char *wrong(const PoolConfig &c)
{
    if (c.mapping != Mapping::vfio && (!c.space || !c.region))
        return "it lacks its space and its region";
    if (c.mapping != Mapping::vfio && c.space->lcores() < rte_lcore_count() + 1)
        return "its space has too few lcores: one more than EAL is needed";
    if (!c.memory || !c.stride || c.stride % pviommu::page_size)
        return "its buffers are not whole pages";
    if (!c.burst || c.burst > max_burst)
        return "burst is not 1 to 1024";
    if (!c.pending || c.pending > max_pending)
        return "pending is not 1 to 2048";
    return nullptr;
}

std::unique_ptr<Store> make(const PoolConfig &config)
{
    switch (config.mapping) {
    case Mapping::none:
        return make_static(config);
    case Mapping::burst:
        return make_burst(config);
    case Mapping::single:
        return make_single(config);
    case Mapping::vfio:
        return make_vfio(config);
    }
    return nullptr;
}

} // namespace

Store *Store::create(rte_mempool *pool, const PoolConfig &config) noexcept
{
    if (const char *why = wrong(config)) {
        RTE_LOG(ERR, MEMPOOL, "pviommu: %s: %s\n", pool->name, why);
        rte_errno = EINVAL;
        return nullptr;
    }
    try {
        auto store = make(config);
        return store && store->init(pool) ? store.release() : nullptr;
    } catch (const std::bad_alloc &) {
        rte_errno = ENOMEM;
        return nullptr;
    }
}

bool Store::init(rte_mempool *pool)
{
    pool_ = pool;
    buffers.resize(pool->size);
    locals_.resize(rte_lcore_count() + 1);
    for (unsigned i = 0; i < locals_.size(); i++) {
        Local &l = locals_[i];
        l.pending.reserve(config.pending + max_burst);
        l.places.resize(max_burst);
        l.ready.reserve(max_burst);
        l.fresh.reserve(max_burst);
        if (config.mapping == Mapping::vfio)
            continue;
        auto batch = pviommu::Batch::create(config.space->lcore(i), config.pending + 2 * max_burst);
        if (!batch) {
            RTE_LOG(ERR, MEMPOOL, "pviommu: %s: %s\n", pool->name, batch.error().message().c_str());
            rte_errno = batch.error().number();
            return false;
        }
        l.batch = std::make_unique<pviommu::Batch>(std::move(*batch));
    }
    // A failure sets rte_errno. One slot stays empty.
    ring_ = rte_ring_create(pool->name, rte_align32pow2(pool->size + 1), pool->socket_id, 0);
    return ring_ != nullptr;
}

Store::~Store() { rte_ring_free(ring_); }

// Threads unknown to EAL share the last slot, one at a time.
template <typename F> auto Store::as_local(F f) noexcept
{
    const unsigned id = rte_lcore_id();
    const int index = id == LCORE_ID_ANY ? -1 : rte_lcore_index(static_cast<int>(id));
    if (index >= 0)
        return f(locals_[static_cast<unsigned>(index)]);
    rte_spinlock_lock(&others_);
    auto result = f(locals_.back());
    rte_spinlock_unlock(&others_);
    return result;
}

int Store::start() noexcept
{
    rte_mempool_obj_iter(
        pool_,
        [](rte_mempool *, void *self, void *object, unsigned) {
            auto *m = static_cast<rte_mbuf *>(object);
            auto &store = *static_cast<Store *>(self);
            m->buf_iova = RTE_BAD_IOVA;
            store.buffers[store.index_of(m)] = m;
        },
        this);
    const int error = begin();
    started_ = !error;
    return error;
}

void Store::stop() noexcept
{
    // Waiting buffers are among the mapped buffers.
    for (Local &l : locals_) {
        l.pending.clear();
        l.ready.clear();
        l.next = 0;
    }
    end();
    started_ = false;
}

// In the order of their addresses: so they come back, as a rule.
int Store::serve(Local &l, Mbufs to) noexcept
{
    const std::size_t have = std::min(l.ready.size() - l.next, to.size()), lack = to.size() - have;
    if (lack) {
        l.fresh.resize(std::max<std::size_t>(lack, config.burst));
        int error = take(l, l.fresh);
        if (error && l.fresh.size() > lack) {
            l.fresh.resize(lack);
            error = take(l, l.fresh);
        }
        if (error)
            return error;
    }
    const auto from = l.ready.begin() + static_cast<std::ptrdiff_t>(l.next);
    const auto rest = std::copy_n(from, have, to.begin());
    l.next += have;
    if (lack) {
        std::copy_n(l.fresh.begin(), lack, rest);
        l.ready.swap(l.fresh);
        l.next = lack;
    }
    return 0;
}

int Store::dequeue(Mbufs to) noexcept
{
    if (to.size() > max_burst)
        return -E2BIG;
    // rte_mempool_free() takes them all, one by one.
    if (!started_)
        return pop(to) ? 0 : -ENOBUFS;
    return as_local([&](Local &l) {
        const int error = serve(l, to);
        l.stats.failed += error != 0;
        return error;
    });
}

void Store::enqueue(Mbufs from) noexcept
{
    // While the pool is populated they come here for the first time.
    if (!started_)
        return push(from);
    as_local([&](Local &l) {
        give(l, from);
        return 0;
    });
}

int Store::flush() noexcept
{
    return as_local([&](Local &l) {
        give(l, Mbufs(l.ready).subspan(l.next));
        l.ready.clear();
        l.next = 0;
        return settle(l);
    });
}

PoolStats Store::stats() const noexcept
{
    PoolStats sum{};
    for (const Local &l : locals_) {
        sum.maps += l.stats.maps;
        sum.unmaps += l.stats.unmaps;
        sum.calls += l.stats.calls;
        sum.alone += l.stats.alone;
        sum.failed += l.stats.failed;
        sum.leaked += l.stats.leaked;
        sum.map_cycles += l.stats.map_cycles;
        sum.unmap_cycles += l.stats.unmap_cycles;
    }
    return sum;
}

bool Store::pop(Mbufs to) noexcept
{
    return rte_ring_dequeue_bulk(ring_, reinterpret_cast<void **>(to.data()), static_cast<unsigned>(to.size()),
                                 nullptr) == to.size();
}

// There is room for all buffers of the pool.
void Store::push(Mbufs from) noexcept
{
    rte_ring_enqueue_bulk(ring_, reinterpret_cast<void **>(from.data()), static_cast<unsigned>(from.size()), nullptr);
}

} // namespace pmd
