// SPDX-License-Identifier: GPL-2.0-only
//
// Real threads under TSan. First each kind of call beside each other kind, on two
// CPUs and the same frames. Then four CPUs map, unmap, defer and flush the same
// few BFNs, and now and then claim, release, drop and restore. Checked without a
// model: no data race, no lost reference, no entry counted twice. A page of each
// thread's own always comes back whole.
#include "ops.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <random>
#include <sched.h>
#include <thread>

namespace {

constexpr uint64_t kShared = 0x100000, kOwn = 0x200000;
constexpr unsigned kThreads = 4;

xen_iommu_op map_of(uint64_t bfn, uint64_t mfn, uint32_t nr, unsigned flags = 3)
{
    xen_iommu_op o = op_range(XEN_IOMMUOP_map, 0, 0, flags);
    o.u.map = {0, DOMID_SELF, nr, bfn, mfn};
    return o;
}

xen_iommu_op watch_of(uint64_t bfn)
{
    xen_iommu_op o = op_range(XEN_IOMMUOP_watch, 0, 0);
    o.u.watch = {0, 0, 1, bfn, 0xe00};
    return o;
}

// A list of up to four frames: the op and its slot.
void push_list(std::vector<xen_iommu_op> &ops, uint64_t bfn, const uint64_t (&mfns)[4], uint32_t nr, unsigned flags)
{
    xen_iommu_op slot = {};
    std::memcpy(&slot, mfns, nr * sizeof(mfns[0]));
    ops.insert(ops.end(), {op_range(XEN_IOMMUOP_map_list, bfn, nr, flags), slot});
}

void call(unsigned cpu, std::vector<xen_iommu_op> &ops)
{
    const world::Result r =
        world::hypercall(cpu, world::dom(0), cpu * 1000, ops.data(), static_cast<unsigned>(ops.size()));
    if (r.ret)
        world::violate("the call returned %ld", r.ret);
}

void expect(bool good, const char *what)
{
    if (!good)
        world::violate("%s", what);
}

// A thread's own BFNs work whatever the others do.
void own(unsigned cpu)
{
    const uint64_t bfn = kOwn + cpu * 512, mfn = 0x600 + cpu * 16;
    std::vector<xen_iommu_op> ops = {map_of(bfn, mfn, 8),
                                     op_range(XEN_IOMMUOP_unmap, bfn + 4, 4, XEN_IOMMUOP_UNMAP_defer),
                                     op_range(XEN_IOMMUOP_unmap, bfn, 4), op_range(XEN_IOMMUOP_flush, bfn, 8)};
    call(cpu, ops);
    for (const xen_iommu_op &o : ops)
        expect(!o.status, "an op on a vCPU's own BFNs failed");
    expect(!world::held(mfn) && !world::held(mfn + 7), "a frame is held after its unmap");
}

// No map that yields reaches a page table, or another domain's page; nor does any other map, as nothing holds
// the page. Only while no table goes, because this walk is not the hypervisor's.
bool tables_stay;

void expect_unreached(uint64_t mfn)
{
    if (!tables_stay)
        return;
    for (uint64_t bfn = kShared + 500; bfn < kShared + 1030; bfn++) {
        const world::Translation t = world::walk(bfn);
        if (t.present && t.write && t.mfn == mfn)
            world::violate("BFN %lx leads to frame %lx, which is no ordinary page", static_cast<unsigned long>(bfn),
                           static_cast<unsigned long>(mfn));
    }
}

// One CPU at a time changes a frame's use, and holds the frame, as Xen's callers do.
void change_frames(unsigned cpu)
{
    static std::mutex lock;
    world::run_on(kThreads + cpu, [] {
        for (uint64_t mfn = 0x300; mfn < 0x304; mfn++) {
            const std::lock_guard guard(lock);
            if (world::set_page_table(mfn, true)) {
                expect_unreached(mfn);
                world::set_page_table(mfn, false);
            }
            if (world::give_away(mfn, true)) {
                expect_unreached(mfn);
                // A CPU that finds another domain's frame holds the frame for that moment.
                while (!world::give_away(mfn, false))
                    sched_yield();
            }
        }
    });
}

void worker(unsigned cpu, unsigned seed, unsigned calls)
{
    std::mt19937 random(seed * kThreads + cpu);
    const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    for (unsigned i = 0; i < calls; i++) {
        std::vector<xen_iommu_op> ops;
        for (unsigned j = below(6) + 1; j > 0; j--) {
            const uint64_t bfn = kShared + 508 + below(8);
            const uint32_t nr = 1 + below(4);
            switch (below(40)) {
            case 0:
                ops.push_back(op_range(XEN_IOMMUOP_release, kShared, 1024, below(2)));
                break;
            case 1:
            case 2:
                ops.push_back(op_range(XEN_IOMMUOP_claim, kShared, 1024));
                ops.push_back(watch_of(kShared));
                break;
            case 3:
                // Rarely: the op goes through all frames.
                if (below(8) == 0)
                    ops.push_back(op_range(below(2) ? XEN_IOMMUOP_drop_host_map : XEN_IOMMUOP_restore_host_map, 0, 0));
                break;
            case 4:
                ops.push_back(op_range(below(2) ? XEN_IOMMUOP_usage : XEN_IOMMUOP_query, 0, 0));
                break;
            default:
                switch (below(5)) {
                case 0:
                    ops.push_back(map_of(bfn, 0x300 + below(4), nr, 1 + below(3) + (below(2) ? 0 : 8)));
                    break;
                case 1:
                    ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, nr));
                    break;
                case 2:
                    ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, nr, XEN_IOMMUOP_UNMAP_defer));
                    break;
                case 3:
                    ops.push_back(op_range(XEN_IOMMUOP_flush, kShared + 500, 24));
                    break;
                case 4:
                    push_list(ops, bfn, {0x303, 0x300, 0x302, 0x300}, nr, 1 + below(3) + (below(2) ? 0 : 8));
                    break;
                }
            }
        }
        if (!ops.empty())
            call(cpu, ops);
        if (i % 4 == 0)
            own(cpu);
        if (i % 4 == 2)
            change_frames(cpu);
    }
}

using Kind = void (*)(std::vector<xen_iommu_op> &ops, uint64_t bfn, unsigned cpu);

void unmap_all(std::vector<xen_iommu_op> &ops, uint64_t bfn) { ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 4)); }

// The frames are the same for all, also where an op is refused because of them.
const Kind kinds[] = {
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(map_of(bfn, 0x300, 1));
        ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 1));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(map_of(bfn, 0x300, 4));
        unmap_all(ops, bfn);
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        push_list(ops, bfn, {0x303, 0x300, 0x302, 0x300}, 4, 3);
        unmap_all(ops, bfn);
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(map_of(bfn, 0x300, 4, 1));
        ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 4, XEN_IOMMUOP_UNMAP_defer));
        ops.push_back(op_range(XEN_IOMMUOP_flush, bfn, 4));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(map_of(bfn, 0x300, 4, 3 | XEN_IOMMUOP_MAP_yield));
        unmap_all(ops, bfn);
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(map_of(bfn, 0x300, 1, 3 | XEN_IOMMUOP_MAP_yield));
        ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 1));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        push_list(ops, bfn, {0x303, 0x300, 0x302, 0x300}, 4, 1 | XEN_IOMMUOP_MAP_yield);
        ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 4, XEN_IOMMUOP_UNMAP_defer));
        ops.push_back(op_range(XEN_IOMMUOP_flush, bfn, 4));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(map_of(bfn, 0x300, 4, 3 | XEN_IOMMUOP_MAP_yield));
        ops.push_back(op_range(XEN_IOMMUOP_revoke, bfn, 4));
        unmap_all(ops, bfn);
    },
    [](auto &ops, uint64_t, unsigned cpu) {
        change_frames(cpu);
        ops.push_back(op_range(XEN_IOMMUOP_query_reserved, 0, 0));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        xen_iommu_op o = map_of(bfn, world::kDom1, 2);
        o.u.map.domid = 1;
        ops.push_back(o);
        ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 2));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        xen_iommu_op o = map_of(bfn, world::kDom2, 2);
        o.u.map.domid = 2;
        ops.push_back(o);
        ops.push_back(op_range(XEN_IOMMUOP_unmap, bfn, 2));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        for (uint64_t mfn : {world::kDom1, world::kXenHeap, world::kXenHeap + 1, world::kVga, world::kFree})
            ops.push_back(map_of(bfn, mfn, 1));
    },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(op_range(XEN_IOMMUOP_usage, 0, 0));
        ops.push_back(watch_of(bfn));
    },
    [](auto &ops, uint64_t, unsigned) { ops.push_back(op_range(XEN_IOMMUOP_query, 0, 0)); },
    [](auto &ops, uint64_t bfn, unsigned) {
        ops.push_back(op_range(XEN_IOMMUOP_claim, 0x300000, 512));
        ops.push_back(watch_of(0x300000));
        ops.push_back(map_of(0x300000 + bfn % 512, 0x300, 4, 3 | (bfn & 1 ? XEN_IOMMUOP_MAP_yield : 0)));
        ops.push_back(op_range(XEN_IOMMUOP_release, 0x300000, 512, XEN_IOMMUOP_RELEASE_unmap));
    },
    [](auto &ops, uint64_t bfn, unsigned cpu) {
        world::run_on(kThreads + cpu, [bfn] {
            iommu_op_domain *state = nullptr;
            if (iommu_op_enter(&world::dom(0), _dfn(bfn), 1, &state))
                world::violate("a claim is open to others");
        });
        ops.push_back(op_range(XEN_IOMMUOP_query_reserved, 0, 0));
    },
};

// Piece by piece: the last op returns whether the map stands.
void restore_all(std::vector<xen_iommu_op> &ops)
{
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn += XEN_IOMMUOP_MAX_FRAMES)
        ops.push_back(op_range(XEN_IOMMUOP_restore_host_map, 0, 0));
}

// The op goes through thousands of frames, so it comes beside all others at once.
void host_map(std::vector<xen_iommu_op> &ops, uint64_t, unsigned)
{
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn += XEN_IOMMUOP_MAX_FRAMES)
        ops.push_back(op_range(XEN_IOMMUOP_drop_host_map, 0, 0));
    restore_all(ops);
}

void any_kind(std::vector<xen_iommu_op> &ops, uint64_t bfn, unsigned cpu)
{
    for (const Kind kind : kinds)
        if (ops.size() < 60)
            kind(ops, bfn, cpu);
}

// They read the state of the host map without a lock.
void queries(std::vector<xen_iommu_op> &ops, uint64_t, unsigned) { ops.resize(100, op_range(XEN_IOMMUOP_query, 0, 0)); }

// Two kinds at a time, on BFNs of their own or shared.
void pair(Kind one, Kind other, bool same_bfns)
{
    std::atomic<unsigned> ready = 0, ended = 0;
    const auto run = [&](Kind kind, unsigned cpu, uint64_t bfn) {
        ready++;
        while (ready < 2)
            sched_yield();
        // Queries are quick: as many as fit into the other call.
        for (unsigned i = 0; kind == queries ? !ended : i < (kind == host_map ? 8 : 40); i++) {
            std::vector<xen_iommu_op> ops;
            kind(ops, bfn, cpu);
            call(cpu, ops);
        }
        ended++;
    };
    std::jthread a(run, one, 0, kShared + 510), b(run, other, 1, kShared + (same_bfns ? 510 : 1020));
}

void begin(bool generic)
{
    world::set_threaded(false);
    world::reset({.generic = generic});
    world::set_threaded(true);
}

void all_pairs(bool generic)
{
    begin(generic);
    std::vector<xen_iommu_op> ops = {op_range(XEN_IOMMUOP_claim, kShared, 1536), watch_of(kShared)};
    call(0, ops);
    tables_stay = !generic;
    for (const Kind one : kinds)
        for (const Kind other : kinds)
            for (const bool same_bfns : {false, true})
                pair(one, other, same_bfns);
    tables_stay = false;
    pair(host_map, any_kind, true);
    pair(host_map, queries, true);
    ops = {op_range(XEN_IOMMUOP_release, kShared, 1536, XEN_IOMMUOP_RELEASE_unmap)};
    restore_all(ops);
    call(0, ops);
    expect(!ops.back().status, "the host map can't be restored");
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
        expect(!world::held(mfn) && !world::held_types(mfn), "a pair lost a reference");
}

void round(bool generic, unsigned seed, unsigned calls)
{
    begin(generic);
    // The very first call of each races with the others'.
    {
        std::vector<std::jthread> threads;
        for (unsigned cpu = 0; cpu < kThreads; cpu++)
            threads.emplace_back([=] {
                std::vector<xen_iommu_op> ops = {op_range(XEN_IOMMUOP_claim, kShared, 1024),
                                                 op_range(XEN_IOMMUOP_claim, kOwn + cpu * 512, 512)};
                call(cpu, ops);
                expect(!ops[1].status, "a vCPU's own claim failed");
                worker(cpu, seed, calls);
            });
    }
    std::vector<xen_iommu_op> ops = {op_range(XEN_IOMMUOP_release, kShared, 1024, XEN_IOMMUOP_RELEASE_unmap)};
    for (unsigned cpu = 0; cpu < kThreads; cpu++)
        ops.push_back(op_range(XEN_IOMMUOP_release, kOwn + cpu * 512, 512));
    restore_all(ops);
    ops.push_back(op_range(XEN_IOMMUOP_usage, 0, 0));
    call(0, ops);
    for (unsigned i = 1; i <= kThreads; i++)
        expect(!ops[i].status, "the claims can't be released");
    expect(!ops[ops.size() - 2].status, "the host map can't be restored");
    const xen_iommu_op_usage &u = ops.back().u.usage;
    expect(!u.claims && !u.tables && !u.mapped && !u.yielded, "something is left in use");
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
        expect(!world::held(mfn) && !world::held_types(mfn), "a reference is lost");
    expect(world::allocations_live() == 2 + kThreads, "memory is lost");
}

} // namespace

int main(int argc, char **argv)
{
    using Clock = std::chrono::steady_clock;
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 5;
    // So many at least, however slow the host is.
    constexpr unsigned kRounds = 8;
    all_pairs(false);
    all_pairs(true);
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    unsigned rounds = 0;
    for (; rounds < kRounds || Clock::now() < end; rounds++)
        round(rounds % 4 == 3, rounds, 200);
    std::printf("%zu pairs, %u rounds of %u threads\n", 4 * std::size(kinds) * std::size(kinds), rounds, kThreads);
    return 0;
}
