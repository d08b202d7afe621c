// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "pool.h"

#include <cstring>

#include <fmt/core.h>
#include <rte_errno.h>
#include <sys/mman.h>

#include "error.h"

namespace pmd {
namespace {

// Of VFIO's maps: behind EAL's own addresses, within 39 bits.
constexpr rte_iova_t vfio_iova = 0x6000000000;

// Behind its private area, as in rte_pktmbuf_pool_create_extbuf().
rte_mbuf_ext_shared_info *shared_of(rte_mbuf *m)
{
    return reinterpret_cast<rte_mbuf_ext_shared_info *>(static_cast<std::byte *>(rte_mbuf_to_priv(m)) +
                                                        sizeof(BufferState));
}

struct Layout {
    std::byte *memory;
    std::uint64_t stride;
};

void set_up(rte_mempool *pool, void *layout, void *object, unsigned index)
{
    const auto &l = *static_cast<const Layout *>(layout);
    auto *m = static_cast<rte_mbuf *>(object);
    std::memset(static_cast<void *>(m), 0, sizeof(rte_mbuf) + sizeof(BufferState));
    m->priv_size = sizeof(BufferState);
    m->buf_len = static_cast<std::uint16_t>(l.stride);
    m->buf_addr = l.memory + index * l.stride;
    m->data_off = RTE_PKTMBUF_HEADROOM;
    m->pool = pool;
    m->nb_segs = 1;
    m->port = RTE_MBUF_PORT_INVALID;
    m->ol_flags = RTE_MBUF_F_EXTERNAL;
    rte_mbuf_refcnt_set(m, 1);
    // Pinned: the pool's end is the memory's, nobody calls this.
    m->shinfo = shared_of(m);
    m->shinfo->free_cb = [](void *, void *) {};
    m->shinfo->fcb_opaque = m;
    rte_mbuf_ext_refcnt_set(m->shinfo, 1);
}

Error no_pool(const std::string &name, const std::string &what, int error, const char *remedy)
{
    return {Exit::failed, fmt::format("pool {}: {}: {}: {}", name, what, std::strerror(error), remedy)};
}

} // namespace

std::uint64_t stride_of(unsigned size)
{
    return (RTE_PKTMBUF_HEADROOM + size + pviommu::page_size - 1) / pviommu::page_size * pviommu::page_size;
}

Pool::Pool(const std::string &name, const PoolOptions &options)
{
    try {
        create(name, options);
    } catch (...) {
        release();
        throw;
    }
}

Pool::~Pool() { release(); }

void Pool::create(const std::string &name, const PoolOptions &o)
{
    const std::uint64_t stride = stride_of(o.size), bytes = stride * o.buffers;
    void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED)
        throw no_pool(name, "memory", errno, "use fewer --buffers");
    memory_ = {static_cast<std::byte *>(at), bytes};
    if (o.mapping != Mapping::vfio) {
        auto region = o.space->add(memory_);
        if (!region)
            throw Error(Exit::failed, fmt::format("pool {}: {}", name, region.error().message()));
        region_ = std::move(*region);
    }
    const PoolConfig config{.mapping = o.mapping,
                            .space = o.space,
                            .region = &region_,
                            .memory = memory_.data(),
                            .stride = stride,
                            .iova = vfio_iova,
                            .burst = o.burst,
                            .pending = o.pending};
    pool_ = rte_mempool_create_empty(name.c_str(), o.buffers,
                                     sizeof(rte_mbuf) + sizeof(BufferState) + sizeof(rte_mbuf_ext_shared_info), 0,
                                     sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, 0);
    if (!pool_)
        // EINVAL: the pool first needs DPDK's own driver, whatever its later driver.
        throw no_pool(name, "mempool", rte_errno,
                      rte_errno == EINVAL ? "EAL lacks librte_mempool_ring: --driver names it" : "use fewer --buffers");
    if (const int error = rte_mempool_set_ops_byname(pool_, "pviommu", const_cast<PoolConfig *>(&config)))
        throw no_pool(name, "mempool driver pviommu", -error, "is librte_mempool_pviommu.so of this build?");
    rte_pktmbuf_pool_private priv{};
    priv.mbuf_data_room_size = static_cast<std::uint16_t>(stride);
    priv.mbuf_priv_size = sizeof(BufferState);
    priv.flags = RTE_PKTMBUF_POOL_F_PINNED_EXT_BUF;
    rte_pktmbuf_pool_init(pool_, &priv);
    int error = rte_mempool_populate_default(pool_);
    if (error < 0)
        throw no_pool(name, "mempool", -error, "use fewer --buffers");
    Layout layout{memory_.data(), stride};
    rte_mempool_obj_iter(pool_, set_up, &layout);
    error = pviommu_pool_start(pool_);
    started_ = true;
    if (error)
        throw no_pool(name, "map its buffers", -error, "use fewer --buffers, and look at the kernel's log");
}

void Pool::release()
{
    if (started_)
        pviommu_pool_stop(pool_);
    rte_mempool_free(pool_);
    region_ = {};
    if (!memory_.empty())
        munmap(memory_.data(), memory_.size());
}

bool Pool::whole() { return !pviommu_pool_flush(pool_) && rte_mempool_full(pool_); }

void Pool::flush()
{
    if (const int error = pviommu_pool_flush(pool_))
        throw Error(Exit::failed, fmt::format("unmap buffers: {}: look at the kernel's log", std::strerror(-error)));
}

} // namespace pmd
