// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Maps of a burst and unmaps of earlier bursts, in one call of libpviommu.
#include <algorithm>
#include <cerrno>
#include <utility>

#include <rte_cycles.h>

#include "store.h"

namespace pmd {
namespace {

using pviommu::Access;
using pviommu::Op;

// A run of addresses is at most as long as a leaf table.
constexpr std::uint64_t run_pages = 512;

class Burst : public Store {
public:
    explicit Burst(const PoolConfig &config)
        : Store(config), per_run_(std::max<std::uint64_t>(run_pages * pviommu::page_size / config.stride, 1))
    {}

protected:
    int take(Local &l, Mbufs to) noexcept override;
    void give(Local &l, Mbufs from) noexcept override;
    int settle(Local &l) noexcept override;
    void end() noexcept override;

    int queue_maps(Local &l, Mbufs to) noexcept;
    int map(Local &l, Mbufs to) noexcept;
    int undo(Local &l, Mbufs to, int error) noexcept;
    int mapped(Local &l, const Op *ops, Mbufs to) noexcept;

private:
    void unmapped(Local &l, const Op *ops, std::size_t nr) noexcept;
    bool lie_together(Mbufs of) const noexcept;
    std::size_t queue_unmaps(Local &l) noexcept;
    int queue_all(Local &l, Mbufs to, std::size_t &unmaps) noexcept;

    std::size_t per_run_;
};

// In the order of addresses, as neighbours of one run are one op. Return: ops.
std::size_t Burst::queue_unmaps(Local &l) noexcept
{
    const auto before = [](const rte_mbuf *a, const rte_mbuf *b) { return a->buf_iova < b->buf_iova; };
    auto &p = l.pending;
    if (!std::ranges::is_sorted(p, before))
        std::ranges::sort(p, before);
    for (std::size_t i = 0; i < p.size();) {
        const rte_iova_t iova = p[i]->buf_iova;
        const std::uint64_t run = state_of(p[i]).run;
        rte_iova_t end = iova;
        for (; i < p.size() && p[i]->buf_iova == end && state_of(p[i]).run == run; i++)
            end += config.stride;
        // The batch has room, and the buffer is mapped.
        (void)l.batch->unmap(iova, end - iova);
    }
    return l.batch->size();
}

// For buffers that come back in the order of their allocation.
bool Burst::lie_together(Mbufs of) const noexcept
{
    const auto *at = static_cast<const std::byte *>(of.front()->buf_addr);
    return std::ranges::all_of(of,
                               [&](const rte_mbuf *m) { return m->buf_addr == std::exchange(at, at + config.stride); });
}

int Burst::queue_maps(Local &l, Mbufs to) noexcept
{
    while (!to.empty()) {
        const Mbufs part = to.first(std::min(to.size(), per_run_));
        const bool together = lie_together(part);
        const std::size_t ops = together ? 1 : part.size();
        const std::uint64_t size = together ? part.size() * config.stride : config.stride;
        for (std::size_t i = 0; i < ops; i++)
            l.places[i] = config.region->of(part[i]->buf_addr);
        const auto at = l.batch->map_burst({l.places.data(), ops}, size, Access::read_write);
        if (!at)
            return -at.error().number();
        for (rte_mbuf *m : part)
            state_of(m).run = *at;
        to = to.subspan(part.size());
    }
    return 0;
}

// Statuses came in the order of the pending buffers.
void Burst::unmapped(Local &l, const Op *ops, std::size_t nr) noexcept
{
    std::size_t next = 0;
    for (const Op *op = ops; op != ops + nr; op++) {
        const Mbufs of = Mbufs(l.pending).subspan(next, op->size / config.stride);
        next += of.size();
        if (op->status) {
            l.stats.leaked += of.size();
            continue;
        }
        l.stats.unmaps += of.size();
        for (rte_mbuf *m : of)
            m->buf_iova = RTE_BAD_IOVA;
        push(of);
    }
    l.pending.clear();
}

// Return: 0, or the first other status.
int Burst::mapped(Local &l, const Op *ops, Mbufs to) noexcept
{
    int error = 0;
    for (const Op *op = ops; !to.empty(); op++) {
        const Mbufs of = to.first(op->size / config.stride);
        to = to.subspan(of.size());
        if (!op->status) {
            rte_iova_t at = op->iova;
            for (rte_mbuf *m : of)
                m->buf_iova = std::exchange(at, at + config.stride);
            l.stats.maps += of.size();
            continue;
        }
        error = error ? error : op->status;
        // Not known to be unmapped: nobody gets them again.
        if (op->status == -EIO) {
            l.stats.leaked += of.size();
            std::ranges::fill(of, nullptr);
        }
    }
    return error;
}

int Burst::undo(Local &l, Mbufs to, int error) noexcept
{
    for (rte_mbuf *m : to)
        if (m && m->buf_iova == RTE_BAD_IOVA)
            push({&m, 1});
        else if (m)
            give(l, {&m, 1});
    settle(l);
    return error;
}

// Addresses may be short only because of unmaps in this batch.
int Burst::queue_all(Local &l, Mbufs to, std::size_t &unmaps) noexcept
{
    unmaps = queue_unmaps(l);
    int error = queue_maps(l, to);
    if (!error)
        return 0;
    l.batch->clear();
    if (l.pending.empty() || settle(l))
        return error;
    unmaps = 0;
    error = queue_maps(l, to);
    if (error)
        l.batch->clear();
    return error;
}

// Return: 0, or an error, and some may be mapped.
int Burst::map(Local &l, Mbufs to) noexcept
{
    const std::uint64_t begin = rte_rdtsc(), counted = l.stats.unmap_cycles;
    std::size_t unmaps;
    int error = queue_all(l, to, unmaps);
    const std::uint64_t waiting = l.pending.size();
    if (!error) {
        const auto result = l.batch->submit();
        l.stats.calls++;
        if (result) {
            const auto done = l.batch->done();
            unmapped(l, done.data(), unmaps);
            error = mapped(l, done.data() + unmaps, to);
        } else {
            error = -result.error().number();
            l.batch->clear();
        }
    }
    const std::uint64_t spent = rte_rdtsc() - begin - (l.stats.unmap_cycles - counted);
    const std::uint64_t of_unmaps = spent * waiting / (waiting + to.size());
    l.stats.unmap_cycles += of_unmaps;
    l.stats.map_cycles += spent - of_unmaps;
    return error;
}

int Burst::take(Local &l, Mbufs to) noexcept
{
    if (!pop(to) && (settle(l) || !pop(to)))
        return -ENOBUFS;
    const int error = map(l, to);
    return error ? undo(l, to, error) : 0;
}

void Burst::give(Local &l, Mbufs from) noexcept
{
    for (rte_mbuf *m : from) {
        // No unmap works any more: the buffer stays mapped, and out.
        if (l.pending.size() == l.pending.capacity() && settle(l)) {
            l.stats.leaked++;
            continue;
        }
        l.pending.push_back(m);
        if (l.pending.size() == config.pending)
            settle(l);
    }
}

int Burst::settle(Local &l) noexcept
{
    if (l.pending.empty())
        return 0;
    const std::uint64_t begin = rte_rdtsc();
    const std::size_t nr = queue_unmaps(l);
    const auto result = l.batch->submit();
    l.stats.calls++;
    l.stats.alone++;
    if (result)
        unmapped(l, l.batch->done().data(), nr);
    else
        l.batch->clear();
    l.stats.unmap_cycles += rte_rdtsc() - begin;
    return result ? 0 : -result.error().number();
}

void Burst::end() noexcept
{
    Local &l = main_local();
    for (rte_mbuf *m : buffers)
        if (m && m->buf_iova != RTE_BAD_IOVA)
            Burst::give(l, {&m, 1});
    Burst::settle(l);
}

// All buffers are mapped at the start, and stay mapped.
class Static final : public Burst {
public:
    using Burst::Burst;

protected:
    int begin() override
    {
        Local &l = main_local();
        for (std::size_t at = 0; at < buffers.size(); at += max_burst) {
            const Mbufs part = Mbufs(buffers).subspan(at, std::min<std::size_t>(max_burst, buffers.size() - at));
            int error = queue_maps(l, part);
            if (error) {
                l.batch->clear();
                return error;
            }
            if (const auto result = l.batch->submit(); !result)
                return -result.error().number();
            error = mapped(l, l.batch->done().data(), part);
            if (error)
                return error;
        }
        l.stats = {};
        return 0;
    }
    int take(Local &, Mbufs to) noexcept override { return pop(to) ? 0 : -ENOBUFS; }
    void give(Local &, Mbufs from) noexcept override { push(from); }
};

// A call for each map, and for each unmap.
class Single final : public Burst {
public:
    using Burst::Burst;

protected:
    int take(Local &l, Mbufs to) noexcept override
    {
        if (!pop(to))
            return -ENOBUFS;
        for (rte_mbuf *&m : to)
            if (const int error = map(l, {&m, 1}))
                return undo(l, to, error);
        return 0;
    }
};

} // namespace

// Nothing is to be had ready.
std::unique_ptr<Store> make_static(const PoolConfig &config)
{
    PoolConfig one = config;
    one.burst = 1;
    return std::make_unique<Static>(one);
}

std::unique_ptr<Store> make_burst(const PoolConfig &config) { return std::make_unique<Burst>(config); }

std::unique_ptr<Store> make_single(const PoolConfig &config)
{
    PoolConfig one = config;
    one.pending = 1;
    return std::make_unique<Single>(one);
}

} // namespace pmd
