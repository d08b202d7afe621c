// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The calls of rte_mempool.
#include <algorithm>
#include <cerrno>

#include <rte_errno.h>
#include <rte_log.h>

#include "store.h"

namespace pmd {
namespace {

Store &store_of(const rte_mempool *pool) { return *static_cast<Store *>(pool->pool_data); }

Mbufs mbufs(void *const *objects, unsigned n)
{
    return {reinterpret_cast<rte_mbuf **>(const_cast<void **>(objects)), n};
}

int alloc(rte_mempool *pool) noexcept
{
    const auto *config = static_cast<const PoolConfig *>(pool->pool_config);
    if (!config) {
        RTE_LOG(ERR, MEMPOOL,
                "pviommu: %s: no configuration. Give a pmd::PoolConfig to rte_mempool_set_ops_byname(): "
                "bench/dpdk-pmd/README.md\n",
                pool->name);
        return -EINVAL;
    }
    pool->pool_data = Store::create(pool, *config);
    return pool->pool_data ? 0 : -rte_errno;
}

void free(rte_mempool *pool) noexcept { delete static_cast<Store *>(pool->pool_data); }

int enqueue(rte_mempool *pool, void *const *objects, unsigned n) noexcept
{
    store_of(pool).enqueue(mbufs(objects, n));
    return 0;
}

int dequeue(rte_mempool *pool, void **objects, unsigned n) noexcept
{
    return store_of(pool).dequeue(mbufs(objects, n));
}

unsigned get_count(const rte_mempool *pool) noexcept { return store_of(pool).count(); }

rte_mempool_ops make_ops()
{
    rte_mempool_ops ops{};
    constexpr char name[] = "pviommu";
    std::copy(std::begin(name), std::end(name), ops.name);
    ops.alloc = alloc;
    ops.free = free;
    ops.enqueue = enqueue;
    ops.dequeue = dequeue;
    ops.get_count = get_count;
    return ops;
}

const rte_mempool_ops pviommu_ops = make_ops();

} // namespace

extern "C" int pviommu_pool_start(rte_mempool *pool) noexcept { return store_of(pool).start(); }
extern "C" int pviommu_pool_flush(rte_mempool *pool) noexcept { return store_of(pool).flush(); }
extern "C" void pviommu_pool_stop(rte_mempool *pool) noexcept { store_of(pool).stop(); }
PoolStats pool_stats(const rte_mempool *pool) noexcept { return store_of(pool).stats(); }

} // namespace pmd

// As RTE_MEMPOOL_REGISTER_OPS, a C macro, but once pviommu_ops is initialized.
namespace {
[[maybe_unused]] const int registered = rte_mempool_register_ops(&pmd::pviommu_ops);
}
