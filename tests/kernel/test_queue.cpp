// SPDX-License-Identifier: GPL-2.0-only
//
// Waiting unmaps: the ways and times of their leaving, and failures.
#include "fixture.h"

using namespace world;

class Lazy : public Pv {
public:
    explicit Lazy(const Config &c = {}) : Pv(c) {}
    Device lazy{PVIOMMU_LAZY}, strict{PVIOMMU_STRICT};
    unsigned next = 16;

    // Map and unmap n pages, one each; no neighbours at all.
    std::vector<Mapping> wait(unsigned n)
    {
        std::vector<Mapping> all;
        for (unsigned i = 0; i < n; i++, next += 2)
            all.push_back(lazy.map(next));
        for (const Mapping &m : all)
            EXPECT_EQ(lazy.unmap(m), 0);
        return all;
    }
    static bool gone(const std::vector<Mapping> &all)
    {
        for (const Mapping &m : all)
            if (entry(m.bfn()).cached || is_handed_out(m.bfn()) || watch_bit(m.bfn()))
                return false;
        return true;
    }
    static bool waits(const std::vector<Mapping> &all)
    {
        for (const Mapping &m : all)
            if (!entry(m.bfn()).mapped || !is_handed_out(m.bfn()))
                return false;
        return true;
    }
    static pviommu_queue &queue(unsigned cpu) { return *per_cpu_ptr(pviommu_queues, cpu); }
    static unsigned long ticks() { return msecs_to_jiffies(pviommu_params.wait_ms); }
};

TEST_F(Lazy, WhatWaitsYields)
{
    const std::vector<Mapping> all = wait(3);
    EXPECT_TRUE(waits(all));
    EXPECT_EQ(counter(PVIOMMU_QUEUED), 3u);
    // Linux frees the page, and has the page at once.
    recycle(all[0].pfn);
    EXPECT_TRUE(entry(all[0].bfn()).yielded);
    EXPECT_TRUE(waits({all[1], all[2]}));
    leave(all[1].pfn);
    EXPECT_EQ(cached(), 1u);
    pviommu_queues_drain();
    EXPECT_TRUE(gone(all));
    EXPECT_EQ(counter(PVIOMMU_FLUSH_REQUEST), 1u);
    EXPECT_EQ(counter(PVIOMMU_PAGES_UNMAPPED), 3u) << "an unmap of a yielded page counts";
    EXPECT_EQ(counter(PVIOMMU_STALE), 0u) << "the driver had unmapped them";
}

TEST_F(Lazy, AFullQueueLeaves)
{
    const std::vector<Mapping> all = wait(kQueue);
    EXPECT_TRUE(waits(all));
    const Mapping m = lazy.map(9); // takes along the waiting unmaps
    EXPECT_TRUE(gone(all));
    EXPECT_EQ(lazy.unmap(m), 0);
    // With maps all made before, nothing rides.
    std::vector<Mapping> many;
    for (unsigned i = 0; i < kQueue + 1; i++)
        many.push_back(lazy.map(200 + 2 * i));
    pviommu_queues_drain();
    for (unsigned i = 0; i < kQueue; i++)
        lazy.unmap(many[i]);
    EXPECT_EQ(counter(PVIOMMU_FLUSH_FULL), 0u);
    lazy.unmap(many[kQueue]);
    EXPECT_EQ(counter(PVIOMMU_FLUSH_FULL), 1u);
    EXPECT_EQ(queue(0).nr, 1u);
    EXPECT_EQ(mapped(), 1u);
}

TEST_F(Lazy, TheyRideWithAMap)
{
    std::vector<Mapping> maps;
    for (unsigned i = 0; i < kRide; i++)
        maps.push_back(lazy.map(100 + 2 * i));
    for (unsigned i = 0; i < kRide - 1; i++)
        lazy.unmap(maps[i]);
    const Mapping before = lazy.map(10);
    EXPECT_EQ(queue(0).nr, kRide - 1) << "not worth a flush yet";
    EXPECT_EQ(counter(PVIOMMU_FLUSHES), 0u);
    lazy.unmap(maps.back());
    sent.clear();
    const Mapping with = lazy.map(12);
    ASSERT_EQ(sent.size(), 1u) << "no hypercall of their own";
    EXPECT_EQ(sent[0].ops[0].op, XEN_IOMMUOP_map);
    EXPECT_EQ(sent[0].ops.size() - 1, sent[0].count(XEN_IOMMUOP_unmap));
    EXPECT_TRUE(gone(maps));
    EXPECT_EQ(queue(0).nr, 0u);
    EXPECT_EQ(counter(PVIOMMU_FLUSH_RIDE), 1u);
    EXPECT_EQ(counter(PVIOMMU_FLUSHES), 1u);
    EXPECT_EQ(counter(PVIOMMU_PAGES_UNMAPPED), kRide);
    lazy.unmap(before);
    lazy.unmap(with);
}

TEST_F(Lazy, TheyRideWithAStrictUnmap)
{
    const Mapping m = strict.map(8);
    const std::vector<Mapping> all = wait(2);
    sent.clear();
    EXPECT_EQ(strict.unmap(m), 0);
    EXPECT_EQ(sent.size(), 1u);
    EXPECT_TRUE(gone(all));
    EXPECT_EQ(stats().flushes, 1u);
    EXPECT_EQ(counter(PVIOMMU_FLUSHES), 1u);
}

TEST_F(Lazy, HypercallsAPair)
{
    std::vector<Mapping> live;
    const unsigned n = 100 * kQueue;
    for (unsigned i = 0; i < n; i++) {
        live.push_back(lazy.map(16 + i % 1024 * 2));
        if (live.size() > 8) {
            lazy.unmap(live.front());
            live.erase(live.begin());
        }
    }
    EXPECT_LE(stats().calls, n + n / 100) << "one for each map";
    EXPECT_LE(stats().flushes, n / kRide + 1);
    for (const Mapping &m : live)
        lazy.unmap(m);
}

TEST_F(Lazy, TheTimerEndsTheWait)
{
    for (unsigned round = 0; round < 3; round++) {
        const std::vector<Mapping> all = wait(2);
        EXPECT_TRUE(timer_pending(0)) << "round " << round;
        pass_jiffies(ticks() - 1);
        EXPECT_TRUE(waits(all));
        pass_jiffies(1);
        EXPECT_TRUE(gone(all)) << "round " << round;
        EXPECT_EQ(counter(PVIOMMU_FLUSH_TIMER), round + 1);
        pass_jiffies(3 * ticks());
    }
    EXPECT_FALSE(timer_pending(0));
}

TEST_F(Lazy, TheTimerGoesByTheOldest)
{
    const std::vector<Mapping> first = wait(1);
    pass_jiffies(ticks() - 1);
    const std::vector<Mapping> second = wait(1);
    pass_jiffies(1);
    EXPECT_TRUE(gone(first));
    EXPECT_TRUE(gone(second));
}

TEST_F(Lazy, AllCpusAreDrained)
{
    std::vector<std::vector<Mapping>> all(NR_CPUS);
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        as_cpu(cpu, [&] { all[cpu] = wait(2); });
    pviommu_queues_drain();
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        EXPECT_TRUE(gone(all[cpu])) << "CPU " << cpu;
}

TEST_F(Lazy, ShortOfBfnsTheyGo)
{
    restart({.high = 512, .low = 0});
    std::vector<Mapping> all;
    for (unsigned i = 0; i < 512 / 16; i++) // with gaps: the whole window
        all.push_back(lazy.map(16 + 16 * i, 16));
    EXPECT_FALSE(lazy.map(9));
    lazy.unmap(all[0]);
    EXPECT_TRUE(waits({all[0]}));
    const Mapping m = lazy.map(9);
    EXPECT_TRUE(m) << "a waiting unmap made room";
    EXPECT_EQ(counter(PVIOMMU_FLUSH_PRESSURE), 1u);
    lazy.unmap(m);
    for (unsigned i = 1; i < all.size(); i++)
        lazy.unmap(all[i]);
}

TEST_F(Lazy, AFailedUnmapKeepsItsBfn)
{
    const std::vector<Mapping> all = wait(3);
    hooks.op_fails = [&](const xen_iommu_op &o) { return o.u.range.bfn == all[1].bfn() ? -EIO : 0; };
    sent.clear();
    // So they do not become one op.
    set_max_frames(1);
    pviommu_queues_drain();
    hooks.op_fails = nullptr;
    EXPECT_TRUE(gone({all[0], all[2]}));
    EXPECT_TRUE(is_handed_out(all[1].bfn()));
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 1u);
    EXPECT_EQ(counter(PVIOMMU_PAGES_UNMAPPED), 2u);
    EXPECT_EQ(handed_out(), 1u);
}

TEST_F(Lazy, AFailedCallKeepsAll)
{
    for (const Call fate : {Call::FailsBefore, Call::FailsAfter}) {
        const std::vector<Mapping> all = wait(2);
        hooks.call_fails = [fate] { return fate; };
        pviommu_queues_drain();
        hooks.call_fails = nullptr;
        for (const Mapping &m : all)
            EXPECT_TRUE(is_handed_out(m.bfn()));
    }
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 4u);
    EXPECT_EQ(queue(0).nr, 0u);
}

TEST_F(Lazy, AFailedMapDoesNotHurtItsRiders)
{
    const std::vector<Mapping> all = wait(kRide);
    hooks.op_fails = [](const xen_iommu_op &o) { return o.op == XEN_IOMMUOP_map ? -ENOSPC : 0; };
    EXPECT_FALSE(lazy.map(10, 2));
    hooks.op_fails = nullptr;
    EXPECT_TRUE(gone(all));
    EXPECT_EQ(handed_out(), 0u);
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
}

TEST_F(Lazy, AFailedRiderDoesNotHurtItsMap)
{
    const std::vector<Mapping> all = wait(kRide);
    hooks.op_fails = [](const xen_iommu_op &o) { return o.op == XEN_IOMMUOP_unmap ? -EIO : 0; };
    const Mapping m = lazy.map(10, 2);
    hooks.op_fails = nullptr;
    EXPECT_TRUE(m);
    EXPECT_EQ(counter(PVIOMMU_LEAKED), kRide);
    lazy.unmap(m);
}

TEST_F(Lazy, MoreThanABatchHolds)
{
    // Every other page, so that they do not join.
    pviommu_xen.max_ops = 2;
    std::vector<Mapping> all;
    for (unsigned i = 0; i < 2 * kRide; i++)
        all.push_back(lazy.map(100 + 2 * i));
    for (unsigned i = 0; i < all.size(); i += 2)
        lazy.unmap(all[i]);
    sent.clear();
    const Mapping m = lazy.map(10);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].ops.size(), 2u) << "one of them had room";
    EXPECT_TRUE(gone({all[0]}));
    EXPECT_TRUE(waits({all[2]}));
    EXPECT_EQ(queue(0).nr, kRide - 1);
    pviommu_queues_drain();
    EXPECT_EQ(queue(0).nr, 0u);
    EXPECT_EQ(sent.size(), 1 + (kRide - 1 + 1) / 2);
    for (unsigned i = 0; i < all.size(); i += 2)
        EXPECT_TRUE(gone({all[i]})) << i;
    for (unsigned i = 1; i < all.size(); i += 2)
        lazy.unmap(all[i]);
    lazy.unmap(m);
}

TEST_F(Lazy, NeighboursAreOneOp)
{
    for (const bool up : {true, false}) {
        const Mapping a = lazy.map(20), b = lazy.map(40), c = lazy.map(60);
        EXPECT_EQ(b.bfn(), a.bfn() + 1);
        EXPECT_EQ(c.bfn(), a.bfn() + 2);
        lazy.unmap(up ? a : c);
        lazy.unmap(b);
        lazy.unmap(up ? c : a);
        sent.clear();
        pviommu_queues_drain();
        ASSERT_EQ(sent.size(), 1u);
        ASSERT_EQ(sent[0].ops.size(), 1u);
        EXPECT_EQ(sent[0].ops[0].u.range.bfn, a.bfn());
        EXPECT_EQ(sent[0].ops[0].u.range.nr, 3u);
    }
    // Not beyond the limit of an op.
    set_max_frames(2);
    wait(3);
    sent.clear();
    pviommu_queues_drain();
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].ops[0].u.range.nr, 2u);
}

TEST_F(Lazy, TheNextMapsAreNeighboursAgain)
{
    const std::vector<Mapping> all = wait(3);
    pviommu_queues_drain();
    for (const Mapping &m : all)
        EXPECT_EQ(alloc(0), m.bfn());
    for (const Mapping &m : all)
        free(m.bfn(), 0);
}

TEST_F(Lazy, NobodyGetsThemBeforeTheFlush)
{
    const std::vector<Mapping> all = wait(3);
    std::vector<uint64_t> others;
    // While Xen has cleared the table, but not flushed, other CPUs allocate all there is.
    hooks.at_flush = [&] {
        for (unsigned cpu = 1; cpu < NR_CPUS; cpu++)
            for (unsigned i = 0; i < 200; i++)
                others.push_back(alloc_on(cpu, 0));
        for (const Mapping &m : all)
            EXPECT_TRUE(is_handed_out(m.bfn()));
    };
    pviommu_queues_drain();
    hooks.at_flush = nullptr;
    EXPECT_FALSE(others.empty());
    for (const uint64_t bfn : others)
        free(bfn, 0);
}

TEST_F(Lazy, WhatYieldsWaits)
{
    set_foreign(52, 3);
    set_foreign(53, 3);
    const std::vector<Mapping> waiting = {
        lazy.map(20, 2), // two pages, each freed on its own
        lazy.map(30, 4), // in two pieces of the machine's memory
        lazy.map_list({{40, 1}, {44, 3}, {60, 1}}),
        lazy.map_pages({64, 66, 68}),
        lazy.map(50, 1, {.write = false}),
        // No page of the guest's, freed by Linux, is held by a read-only mapping.
        lazy.map(52, 1, {.write = false}),
        lazy.map_list({{50, 1}, {53, 1}}, false),
        lazy.map(70, 3, {.limit = 0xffffffff}),
        lazy.map_list({{72, 1}, {75, 1}}),
    };
    for (const Mapping &m : waiting) {
        ASSERT_TRUE(m);
        EXPECT_EQ(m.parts.empty() ? lazy.unmap(m) : lazy.unmap_list(m), 0);
        EXPECT_TRUE(waits({m})) << "BFN " << m.bfn();
    }
    EXPECT_EQ(counter(PVIOMMU_QUEUED), waiting.size());
    pviommu_queues_drain();
    EXPECT_TRUE(gone(waiting));
    EXPECT_EQ(handed_out(), 0u);
}

TEST_F(Lazy, WhatIsHeldDoesNotWait)
{
    const auto expect_gone = [&](const Mapping &m) {
        ASSERT_TRUE(m);
        EXPECT_EQ(m.parts.empty() ? lazy.unmap(m) : lazy.unmap_list(m), 0);
        EXPECT_TRUE(gone({m}));
    };
    // Xen is short of memory: each map succeeds all the same.
    for (const uint64_t nth : {0u, 1u, 2u}) {
        hooks.holds = [&](uint64_t mfn) { return mfn == mfn_of(20 + nth); };
        for (const bool write : {true, false}) {
            if (!nth)
                expect_gone(lazy.map(20, 1, {.write = write}));
            expect_gone(lazy.map(20, 3, {.write = write}));
            expect_gone(lazy.map_list({{20, 1}, {25, 1}, {22, 1}, {21, 1}}, write));
            expect_gone(lazy.map_pages({20, 30, 22, 21}, write));
        }
    }
    hooks.holds = nullptr;
    // Memory that the caller frees, MMIO, and a device's writes to a guest's pages.
    expect_gone(lazy.map(50, 1, {.strict = true}));
    expect_gone(lazy.map_mmio(1u << 20, 2));
    set_foreign(52, 3);
    expect_gone(lazy.map(52));
    expect_gone(lazy.map_list({{50, 1}, {52, 1}}));
    // A page table, which no driver has a reason to show to a device.
    make_table(54);
    expect_gone(lazy.map(54, 1, {.write = false}));
    // Not all of the run is mapped, or the run begins elsewhere than its descriptor.
    expect_gone(lazy.map_list({{40, 1}, {44, 1, 1}}));
    expect_gone(lazy.map(57, 2, {.align = 4}));
    EXPECT_EQ(handed_out(), 0u);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u) << "held is no error";
    EXPECT_EQ(counter(PVIOMMU_QUEUED), 0u);
    // The next mapping on this CPU does not count as held.
    hooks.holds = [](uint64_t mfn) { return mfn == mfn_of(20); };
    expect_gone(lazy.map_list({{20, 1}, {25, 1}}));
    const Mapping yields = lazy.map_list({{60, 1}, {62, 1}});
    EXPECT_EQ(lazy.unmap_list(yields), 0);
    EXPECT_TRUE(waits({yields}));
}

// The first of two ops holds its page, and the second fails.
TEST_F(Lazy, WhatIsHeldIsUndone)
{
    hooks.holds = [](uint64_t mfn) { return mfn == mfn_of(30); };
    hooks.op_fails = [maps = 0](const xen_iommu_op &op) mutable {
        return op.op == XEN_IOMMUOP_map && maps++ == 1 ? -EBUSY : 0;
    };
    EXPECT_FALSE(lazy.map(30, 4));
    EXPECT_EQ(mapped(), 0u);
    EXPECT_EQ(held(30), 0);
    EXPECT_EQ(handed_out(), 0u);
}

// A flush of many pages is worth a hypercall sooner than a flush of many unmaps.
TEST_F(Lazy, LongRunsWeighMore)
{
    std::vector<Mapping> all;
    for (unsigned weight = 0; weight < kRide; weight += 1 + 64 / 8)
        all.push_back(lazy.map(64 * (all.size() % 4), 64));
    EXPECT_LE(all.size(), kRide / 8 + 1);
    for (const Mapping &m : all)
        EXPECT_EQ(lazy.unmap(m), 0);
    EXPECT_TRUE(waits(all));
    const Mapping next_one = lazy.map(300);
    all.resize(std::min<size_t>(all.size(), PVIOMMU_PIECE / 64)); // as many go along
    EXPECT_TRUE(gone(all));
    EXPECT_EQ(lazy.unmap(next_one), 0);
}

// More maps of a page than Xen finds from its frame.
TEST_F(Lazy, APageThatIsMappedOften)
{
    std::vector<Mapping> all;
    for (unsigned i = 0; i < 12; i++)
        all.push_back(lazy.map(20));
    EXPECT_TRUE(entry(all[0].bfn()).yields);
    EXPECT_FALSE(entry(all[11].bfn()).yields);
    for (const Mapping &m : all)
        EXPECT_EQ(lazy.unmap(m), 0);
    recycle(20); // dom0 would die of a held page
    pviommu_queues_drain();
    EXPECT_TRUE(gone(all));
}

TEST_F(Lazy, OnlyWhatFitsIntoAnOpWaits)
{
    set_max_frames(8);
    const Mapping large = lazy.map(32, 9), fits = lazy.map(32, 8);
    EXPECT_EQ(lazy.unmap(large), 0);
    EXPECT_FALSE(entry(large.bfn()).cached);
    EXPECT_EQ(lazy.unmap(fits), 0);
    EXPECT_TRUE(entry(fits.bfn()).mapped);
    const Mapping list = lazy.map_list({{64, 4}, {80, 5}}), list_fits = lazy.map_list({{64, 4}, {80, 4}});
    EXPECT_EQ(lazy.unmap_list(list), 0);
    EXPECT_FALSE(entry(list.bfn()).cached);
    EXPECT_EQ(lazy.unmap_list(list_fits), 0);
    EXPECT_TRUE(entry(list_fits.bfn()).mapped);
}

// A driver that frees mapped memory loses BFNs, and costs nobody a page.
TEST_F(Lazy, WhatADriverForgot)
{
    for (Device *d : {&lazy, &strict}) {
        const Mapping one = d->map(20), many = d->map(30, 4), list = d->map_list({{40, 1}, {50, 1}}), good = d->map(60);
        for (const unsigned long pfn : {20ul, 32ul, 33ul, 50ul})
            recycle(pfn);
        EXPECT_EQ(pviommu_yielded_live(&pviommu_high), 4u);
        EXPECT_EQ(counter(PVIOMMU_STALE), d == &lazy ? 0u : 4u);
        // Late is not never.
        logged.clear();
        EXPECT_EQ(d->unmap(one), 0);
        EXPECT_EQ(d->counter(PVIOMMU_STALE), 1u);
        EXPECT_NE(logged.find("freed while"), std::string::npos) << logged;
        logged.clear();
        EXPECT_EQ(d->unmap(many), 0);
        EXPECT_EQ(d->unmap_list(list), 0);
        EXPECT_EQ(d->unmap(good), 0);
        EXPECT_EQ(d->counter(PVIOMMU_STALE), 4u);
        EXPECT_EQ(logged, "") << "once a device";
        pviommu_queues_drain();
        EXPECT_EQ(pviommu_yielded_live(&pviommu_high), 0u);
        EXPECT_TRUE(gone({one, many, list, good}));
        EXPECT_EQ(handed_out(), 0u);
        EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u);
    }
}

// A map of several hypercalls fails behind yielded pages.
TEST_F(Lazy, AFailedMapLeavesNoBit)
{
    strict.faults = true;
    for (const bool single : {true, false}) {
        unsigned calls = 0;
        hooks.op_fails = [&](const xen_iommu_op &o) {
            return o.op != XEN_IOMMUOP_unmap && (single || o.u.map.bfn % 1024 >= 512) ? -EIO : 0;
        };
        hooks.called = [&](const xen_iommu_op *op, unsigned) {
            if (op->op != XEN_IOMMUOP_unmap && !calls++)
                recycle(20);
        };
        EXPECT_FALSE(single ? strict.map(20) : strict.map(20, 600));
        hooks.op_fails = nullptr;
        hooks.called = nullptr;
        EXPECT_EQ(handed_out(), 0u);
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
    }
}

TEST_F(Lazy, NothingYieldsUnderAnOldXen)
{
    restart({.yield = false});
    Device dev(PVIOMMU_STRICT);
    const Mapping m = dev.map(20), list = dev.map_list({{30, 1}, {40, 1}});
    EXPECT_FALSE(entry(m.bfn()).yields);
    EXPECT_FALSE(entry(list.bfn()).yields);
    EXPECT_EQ(dev.unmap(m), 0);
    EXPECT_EQ(dev.unmap_list(list), 0);
    EXPECT_EQ(handed_out(), 0u);
}

TEST_F(Lazy, ADeadCpuLeavesNothing)
{
    std::vector<Mapping> all;
    as_cpu(kDead, [&] { all = wait(2); });
    // Its timer fires elsewhere before anybody has cleared up.
    hooks.dying = [&](unsigned cpu) {
        EXPECT_EQ(cpu, kDead);
        pass_jiffies(2 * ticks());
        EXPECT_TRUE(waits(all));
    };
    cpu_down(kDead);
    EXPECT_TRUE(gone(all));
    EXPECT_EQ(queue(kDead).nr, 0u);
    hooks.dying = nullptr;
    cpu_up(kDead);
    for (unsigned round = 0; round < 2; round++) {
        as_cpu(kDead, [&] { all = wait(1); });
        EXPECT_TRUE(timer_pending(kDead)) << "armed again after the return";
        pass_jiffies(ticks());
        EXPECT_TRUE(gone(all));
    }
}

// A CPU is offline, and its queue is not yet drained. on_each_cpu() does not reach the
// CPU, and no drain may return before the queue is empty.
TEST_F(Lazy, ADrainDoesNotMissADyingCpu)
{
    std::vector<Mapping> all;
    as_cpu(kDead, [&] { all = wait(2); });
    std::thread drains;
    std::atomic<bool> done = false, left = false;
    hooks.dying = [&](unsigned) {
        drains = std::thread([&] {
            register_thread();
            pin(0);
            pviommu_queues_drain();
            left = !gone(all);
            done = true;
            unregister_thread();
        });
        while (!done && !lock_waiters())
            std::this_thread::yield();
    };
    cpu_down(kDead);
    drains.join();
    hooks.dying = nullptr;
    EXPECT_FALSE(left) << "a waiting unmap was still mapped behind the drain";
    cpu_up(kDead);
}
