// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "stale.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "error.h"
#include "traffic.h"

namespace pmd {
namespace {

constexpr auto time_to_fault = std::chrono::milliseconds(500);
constexpr std::byte untouched{0xa5};

const Case plain{Mode::rx, Mapping::burst, 32, 64};

// Where a buffer was, until a moment ago.
rte_iova_t stale_address(Pool &pool, std::span<std::byte> &memory)
{
    rte_mbuf *m = rte_pktmbuf_alloc(pool.get());
    if (!m)
        throw Error(Exit::failed, "no buffer to give back");
    const rte_iova_t iova = m->buf_iova;
    memory = {static_cast<std::byte *>(m->buf_addr), m->buf_len};
    std::ranges::fill(memory, untouched);
    rte_pktmbuf_free(m);
    pool.flush();
    if (m->buf_iova != RTE_BAD_IOVA)
        throw Error(Exit::failed, "the buffer is still mapped");
    return iova;
}

// A frame through a descriptor with that address: the receiver gets another frame, or none.
void send_from(rte_iova_t iova, Pool &frames, Port &out)
{
    rte_mbuf *m = rte_pktmbuf_alloc(frames.get());
    m->buf_iova = iova;
    rte_pktmbuf_append(m, smallest);
    while (!out.send(&m, 1))
        ;
}

// While the object lives, all buffers of a pool claim to be at that address.
class AllAt {
public:
    AllAt(Pool &pool, rte_iova_t iova)
    {
        rte_mempool_obj_iter(
            pool.get(),
            [](rte_mempool *, void *self, void *object, unsigned) {
                auto *m = static_cast<rte_mbuf *>(object);
                static_cast<AllAt *>(self)->own_.emplace_back(m, m->buf_iova);
            },
            this);
        for (const auto &[m, own] : own_)
            m->buf_iova = iova;
    }
    ~AllAt()
    {
        for (const auto &[m, own] : own_)
            m->buf_iova = own;
    }
    AllAt(const AllAt &) = delete;
    AllAt &operator=(const AllAt &) = delete;

private:
    std::vector<std::pair<rte_mbuf *, rte_iova_t>> own_;
};

void send_frame(Pool &frames, Port &out, Port &in)
{
    rte_mbuf *m = rte_pktmbuf_alloc(frames.get());
    auto *data = reinterpret_cast<std::byte *>(rte_pktmbuf_append(m, smallest));
    write_frame({data, smallest}, in.mac(), out.mac(), 0);
    while (!out.send(&m, 1))
        ;
}

} // namespace

void use_stale(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports)
{
    Port &out = ports.front(), &in = ports.back();
    std::span<std::byte> memory;
    {
        const PoolOptions how{options.buffers_of(), plain.size, Mapping::none, 1, 1, space};
        PoolOptions burst = how;
        burst.mapping = Mapping::burst;
        burst.pending = max_pending;
        Pool given_back("stale", burst), frames("frames", how), buffers("buffers", how);
        const rte_iova_t iova = stale_address(given_back, memory);
        fmt::print("stale {:#x}\n", iova + RTE_PKTMBUF_HEADROOM);
        std::fflush(stdout);
        std::optional<AllAt> stale;
        if (options.stale == Stale::rx)
            stale.emplace(buffers, iova);
        in.start(buffers.get(), options.ring, plain.size);
        out.start(frames.get(), options.ring, plain.size);
        in.await_link();
        out.await_link();
        if (options.stale == Stale::rx)
            send_frame(frames, out, in);
        else
            send_from(iova, frames, out);
        std::this_thread::sleep_for(time_to_fault);
        out.stop();
        in.stop();
        machine.check_faults();
        if (!std::ranges::all_of(memory, [](std::byte b) { return b == untouched; }))
            throw Error(Exit::failed, "a device wrote to a buffer that was given back");
    }
    // The process lives, and so do the ports.
    Traffic traffic(options, machine, space, ports, plain);
    unsigned moved = 0;
    while (moved < 1000) {
        traffic.offer();
        moved += traffic.sink();
    }
    traffic.drain();
    fmt::print("untouched, and {} frames after it\n", moved);
}

} // namespace pmd
