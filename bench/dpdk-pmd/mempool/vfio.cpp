// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A map of VFIO for each contiguous part of a burst, and an unmap when the last buffer
// of the map is back: VFIO unmaps no part of a map. The best case is one call each
// way a burst.
#include <algorithm>
#include <atomic>
#include <cerrno>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_vfio.h>

#include "store.h"

namespace pmd {
namespace {

class Vfio final : public Store {
public:
    explicit Vfio(const PoolConfig &config) : Store(config) {}

protected:
    int begin() override
    {
        maps_ = std::vector<Map>(buffers.size());
        return 0;
    }
    int take(Local &l, Mbufs to) noexcept override;
    void give(Local &l, Mbufs from) noexcept override;
    void end() noexcept override;

private:
    // By the first buffer of a map. Its buffers may come back on any lcore.
    struct Map {
        std::uint64_t size = 0; // buffers; 0: there is none
        std::atomic<std::uint64_t> out = 0;
    };
    int map(Local &l, Mbufs run) noexcept;
    bool unmap(Local &l, std::size_t first) noexcept;
    std::uint64_t address(std::size_t index) const
    {
        return reinterpret_cast<std::uintptr_t>(config.memory) + index * config.stride;
    }
    rte_iova_t iova(std::size_t index) const { return config.iova + index * config.stride; }

    std::vector<Map> maps_;
};

int Vfio::map(Local &l, Mbufs run) noexcept
{
    const std::size_t first = index_of(run.front());
    l.stats.calls++;
    if (rte_vfio_container_dma_map(RTE_VFIO_DEFAULT_CONTAINER_FD, address(first), iova(first),
                                   run.size() * config.stride))
        return rte_errno ? -rte_errno : -EIO;
    maps_[first].size = run.size();
    maps_[first].out.store(run.size(), std::memory_order_relaxed);
    for (std::size_t i = 0; i < run.size(); i++) {
        state_of(run[i]).run = first;
        run[i]->buf_iova = iova(first + i);
    }
    l.stats.maps += run.size();
    return 0;
}

bool Vfio::unmap(Local &l, std::size_t first) noexcept
{
    const Mbufs of = Mbufs(buffers).subspan(first, maps_[first].size);
    l.stats.calls++;
    l.stats.alone++;
    maps_[first].size = 0;
    if (rte_vfio_container_dma_unmap(RTE_VFIO_DEFAULT_CONTAINER_FD, address(first), iova(first),
                                     of.size() * config.stride)) {
        l.stats.leaked += of.size();
        return false;
    }
    l.stats.unmaps += of.size();
    for (rte_mbuf *m : of)
        m->buf_iova = RTE_BAD_IOVA;
    push(of);
    return true;
}

int Vfio::take(Local &l, Mbufs to) noexcept
{
    if (!pop(to))
        return -ENOBUFS;
    const std::uint64_t begin = rte_rdtsc();
    std::ranges::sort(to, {}, [](const rte_mbuf *m) { return m->buf_addr; });
    int error = 0;
    std::size_t at = 0;
    while (at < to.size() && !error) {
        std::size_t n = 1;
        while (at + n < to.size() && index_of(to[at + n]) == index_of(to[at]) + n)
            n++;
        error = map(l, to.subspan(at, n));
        at += error ? 0 : n;
    }
    l.stats.map_cycles += rte_rdtsc() - begin;
    if (error) {
        push(to.subspan(at));
        give(l, to.first(at));
    }
    return error;
}

void Vfio::give(Local &l, Mbufs from) noexcept
{
    const std::uint64_t begin = rte_rdtsc();
    for (const rte_mbuf *m : from) {
        const std::size_t first = state_of(const_cast<rte_mbuf *>(m)).run;
        // The last buffer's lcore sees the work of all others.
        if (maps_[first].out.fetch_sub(1, std::memory_order_acq_rel) == 1)
            unmap(l, first);
    }
    l.stats.unmap_cycles += rte_rdtsc() - begin;
}

void Vfio::end() noexcept
{
    for (std::size_t first = 0; first < maps_.size(); first++)
        if (maps_[first].size)
            unmap(main_local(), first);
}

} // namespace

std::unique_ptr<Store> make_vfio(const PoolConfig &config) { return std::make_unique<Vfio>(config); }

} // namespace pmd
