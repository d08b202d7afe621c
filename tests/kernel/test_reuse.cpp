// SPDX-License-Identifier: GPL-2.0-only
//
// Idle mappings: their new users, and their end.
#include "fixture.h"

using namespace world;

class Reuse : public Pv {
public:
    Device dev{PVIOMMU_REUSE}, other{PVIOMMU_REUSE};
    static pviommu_reuse &table(unsigned cpu) { return *per_cpu_ptr(pviommu_reuses, cpu); }
    static unsigned long ticks() { return msecs_to_jiffies(pviommu_params.wait_ms); }
};

TEST_F(Reuse, TheSameAgainCostsNothing)
{
    const Mapping first = dev.map(20);
    EXPECT_EQ(dev.unmap(first), 0);
    EXPECT_EQ(table(0).nr, 1u);
    sent.clear();
    for (unsigned i = 0; i < 100; i++) {
        const Mapping m = dev.map(20, 1, {.offset = i});
        EXPECT_EQ(m.bfn(), first.bfn());
        EXPECT_EQ(table(0).nr, 0u);
        EXPECT_EQ(dev.unmap(m), 0);
    }
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(dev.counter(PVIOMMU_REUSE_HITS), 100u);
    EXPECT_EQ(dev.counter(PVIOMMU_REUSE_MISSES), 1u);
}

TEST_F(Reuse, OnlyTheSame)
{
    const Mapping m = dev.map(32, 2);
    EXPECT_EQ(dev.unmap(m), 0);
    std::vector<Mapping> all = {dev.map(32, 2, {.write = false}), dev.map(32, 1), dev.map(32, 3), dev.map(33, 2),
                                dev.map(32, 2, {.limit = 0xffffffff})};
    Device lazy(PVIOMMU_LAZY);
    const Mapping in_other_mode = lazy.map(32, 2);
    EXPECT_EQ(counter(PVIOMMU_REUSE_HITS), 0u);
    all.push_back(other.map(32, 2));
    EXPECT_EQ(counter(PVIOMMU_REUSE_HITS), 1u) << "another device may reuse the mapping";
    EXPECT_EQ(all.back().bfn(), m.bfn());
    for (const Mapping &each : all)
        EXPECT_EQ(dev.unmap(each), 0);
    EXPECT_EQ(lazy.unmap(in_other_mode), 0);
}

TEST_F(Reuse, NotTwice)
{
    const Mapping a = dev.map(20), b = dev.map(20);
    EXPECT_NE(a.bfn(), b.bfn());
    EXPECT_EQ(dev.unmap(a), 0);
    const Mapping c = dev.map(20), d = dev.map(20);
    EXPECT_EQ(c.bfn(), a.bfn());
    EXPECT_NE(d.bfn(), c.bfn());
    for (const Mapping &m : {b, c, d})
        EXPECT_EQ(dev.unmap(m), 0);
}

TEST_F(Reuse, AlignmentIsKept)
{
    const Mapping at_start = dev.map(0x101, 3);
    EXPECT_EQ(at_start.bfn() % 4, 0u);
    EXPECT_EQ(dev.unmap(at_start), 0);
    const Mapping aligned = other.map(0x101, 3, {.align = 4}); // the driver looks at the remainder
    EXPECT_EQ(aligned.bfn() % 4, 1u);
    EXPECT_EQ(other.unmap(aligned), 0);
    const Mapping again = dev.map(0x101, 3);
    EXPECT_EQ(again.bfn() % 4, 0u);
    EXPECT_EQ(dev.unmap(again), 0);
}

TEST_F(Reuse, TheOldestMakesRoom)
{
    // PFNs of one set.
    std::vector<Mapping> all;
    for (unsigned i = 0; all.size() < kWays + 1; i++) {
        const unsigned pfn = 2 + i;
        if (pfn % kSets == 2 % kSets)
            all.push_back(dev.map(pfn));
    }
    for (const Mapping &m : all) {
        EXPECT_EQ(dev.unmap(m), 0);
        if (&m == &all[0])
            pass_jiffies(1);
    }
    EXPECT_EQ(table(0).nr, kWays);
    EXPECT_EQ(per_cpu_ptr(pviommu_queues, 0)->nr, 1u);
    pviommu_queues_drain();
    EXPECT_EQ(table(0).nr, 0u);
    EXPECT_EQ(cached(), 0u);
}

TEST_F(Reuse, TheOldestAndNoOther)
{
    std::vector<Mapping> all;
    for (unsigned i = 0; all.size() < kWays + 1; i++)
        if ((2 + i) % kSets == 2 % kSets)
            all.push_back(dev.map(2 + i));
    for (unsigned i = 0; i < kWays; i++) {
        dev.unmap(all[(i + 2) % kWays]); // all[2] first
        if (i == 0)
            pass_jiffies(1);
    }
    dev.unmap(all[kWays]);
    for (unsigned i = 0; i <= kWays; i++) {
        const uint64_t hits = counter(PVIOMMU_REUSE_HITS);
        all[i] = dev.map(all[i].pfn);
        EXPECT_EQ(counter(PVIOMMU_REUSE_HITS) - hits, i != 2) << i;
    }
    for (const Mapping &m : all)
        dev.unmap(m);
}

TEST_F(Reuse, TheyAgeAndGo)
{
    const Mapping m = dev.map(20), again = dev.map(21);
    EXPECT_EQ(dev.unmap(m), 0);
    // A mapping in constant use stays, an unused mapping goes within two periods.
    for (unsigned i = 0; i < 2 * ticks(); i++) {
        EXPECT_TRUE(timer_pending(0));
        EXPECT_EQ(dev.unmap(again), 0);
        pass_jiffies(1);
        EXPECT_EQ(dev.map(21).bfn(), again.bfn());
    }
    EXPECT_FALSE(entry(m.bfn()).cached);
    EXPECT_EQ(dev.unmap(again), 0);
    pass_jiffies(2 * ticks());
    EXPECT_FALSE(entry(again.bfn()).cached);
    EXPECT_EQ(table(0).nr, 0u);
    pass_jiffies(2 * ticks());
    EXPECT_FALSE(timer_pending(0));
}

TEST_F(Reuse, NotBeforeAPeriod)
{
    const Mapping early = dev.map(22);
    EXPECT_EQ(dev.unmap(early), 0);
    pass_jiffies(ticks() - 1);
    const Mapping m = dev.map(20);
    EXPECT_EQ(dev.unmap(m), 0);
    pass_jiffies(1); // the timer, for the early one
    EXPECT_FALSE(entry(early.bfn()).cached);
    EXPECT_TRUE(entry(m.bfn()).mapped);
    pass_jiffies(ticks());
    EXPECT_FALSE(entry(m.bfn()).cached);
}

TEST_F(Reuse, TheTimerGoesOnForThoseThatAreYoung)
{
    const Mapping m = dev.map(20);
    EXPECT_EQ(dev.unmap(m), 0);
    pass_jiffies(1);
    EXPECT_EQ(dev.map(20).bfn(), m.bfn());
    EXPECT_EQ(dev.unmap(m), 0);
    pass_jiffies(ticks() - 1); // the timer fires, and no mapping is old enough
    EXPECT_TRUE(entry(m.bfn()).mapped);
    EXPECT_TRUE(timer_pending(0));
    pass_jiffies(ticks());
    EXPECT_FALSE(entry(m.bfn()).cached);
}

TEST_F(Reuse, LargeOnesOnlyWait)
{
    const Mapping large = dev.map(64, PVIOMMU_REUSE_PAGES + 1);
    EXPECT_EQ(dev.unmap(large), 0);
    EXPECT_EQ(table(0).nr, 0u);
    EXPECT_EQ(per_cpu_ptr(pviommu_queues, 0)->nr, 1u);
    const Mapping most = dev.map(64, PVIOMMU_REUSE_PAGES);
    EXPECT_EQ(dev.unmap(most), 0);
    EXPECT_EQ(table(0).nr, 1u);
}

TEST_F(Reuse, ShortOfBfnsTheyGo)
{
    restart({.high = 512, .low = 0});
    std::vector<Mapping> all;
    for (unsigned i = 0; i < 512; i++)
        all.push_back(dev.map(16 + i));
    EXPECT_FALSE(dev.map(1000));
    for (const Mapping &m : all)
        EXPECT_EQ(dev.unmap(m), 0);
    const Mapping m = dev.map(1000);
    EXPECT_TRUE(m);
    EXPECT_EQ(dev.unmap(m), 0);
    if (kSets * kWays > 512) // or else most of them left when others came
        EXPECT_GE(counter(PVIOMMU_FLUSH_PRESSURE), 1u);
}

TEST_F(Reuse, ADeadCpuLeavesNothing)
{
    std::vector<Mapping> all;
    as_cpu(kDead, [&] {
        for (unsigned i = 0; i < 6; i++)
            all.push_back(dev.map(20 + i));
        for (const Mapping &m : all)
            EXPECT_EQ(dev.unmap(m), 0);
    });
    cpu_down(kDead);
    EXPECT_EQ(table(kDead).nr, 0u);
    EXPECT_EQ(cached(), 0u);
    EXPECT_EQ(handed_out(), 0u);
    cpu_up(kDead);
}

TEST_F(Reuse, AnotherModeLeavesNoTrace)
{
    const Mapping m = dev.map(20);
    EXPECT_EQ(dev.unmap(m), 0);
    dev.set_mode(PVIOMMU_STRICT);
    const Mapping strict = dev.map(20);
    EXPECT_NE(strict.bfn(), m.bfn());
    EXPECT_EQ(dev.unmap(strict), 0); // takes no idle mapping along
    EXPECT_TRUE(entry(m.bfn()).mapped);
    pass_jiffies(2 * ticks());
    EXPECT_FALSE(entry(m.bfn()).cached);
}

// Another CPU gives the device another mode, and drains, wherever an unmap looks at the mode.
TEST_F(Reuse, NothingIdlesBehindADrain)
{
    for (unsigned look = 0, looks = 1; look < looks; look++) {
        dev.set_mode(PVIOMMU_REUSE);
        const Mapping m = dev.map(20);
        bool drained = false;
        looks = 0;
        hooks.after_read = [&](const volatile void *what) {
            if (what != dev.mode_word() || looks++ != look || irqs_disabled())
                return;
            dev.set_mode(PVIOMMU_STRICT);
            pviommu_queues_drain();
            drained = true;
        };
        EXPECT_EQ(dev.unmap(m), 0);
        hooks.after_read = nullptr;
        EXPECT_GE(looks, 1u);
        EXPECT_EQ(entry(m.bfn()).cached, !drained) << "look " << look;
        pviommu_queues_drain();
    }
}

// The page went through the page allocator, and came back to the same driver.
TEST_F(Reuse, AFreedPageThatComesAgain)
{
    const Mapping m = dev.map(20);
    EXPECT_EQ(dev.unmap(m), 0);
    sent.clear();
    const Mapping again = dev.map(20);
    EXPECT_EQ(again.bfn(), m.bfn());
    EXPECT_TRUE(sent.empty()) << "nothing was held, and nothing had to go";
    EXPECT_EQ(dev.unmap(again), 0);
}

// After any change of the page, the mapping is not reused.
TEST_F(Reuse, WhatYieldedIsNotTakenAgain)
{
    for (const unsigned how : {0u, 1u, 2u, 3u}) {
        const unsigned long nr = how == 3 ? 4 : 1;
        const Mapping m = dev.map(20, nr);
        EXPECT_EQ(dev.unmap(m), 0);
        if (how == 0 || how == 3) {
            recycle(20 + nr - 1); // a page table, and then free again
        } else {
            leave(20); // ballooned out, and in again: another frame
            come_back(20);
        }
        if (how == 2)
            make_table(20), make_ordinary(20);
        EXPECT_TRUE(watch_bit(m.bfn() + nr - 1));
        EXPECT_TRUE(entry(m.bfn() + nr - 1).yielded);
        const uint64_t hits = counter(PVIOMMU_REUSE_HITS);
        const Mapping other = dev.map(20, nr);
        EXPECT_NE(other.bfn(), m.bfn());
        EXPECT_EQ(counter(PVIOMMU_REUSE_HITS), hits);
        EXPECT_EQ(table(0).nr, 0u);
        EXPECT_EQ(per_cpu_ptr(pviommu_queues, 0)->nr, 1u) << "its unmap waits, as any";
        EXPECT_TRUE(watch_bit(m.bfn() + nr - 1)) << "until the unmap has returned";
        pviommu_queues_drain();
        EXPECT_FALSE(watch_bit(m.bfn() + nr - 1));
        EXPECT_FALSE(is_handed_out(m.bfn()));
        EXPECT_EQ(dev.unmap(other), 0);
        pviommu_queues_drain();
    }
    EXPECT_EQ(counter(PVIOMMU_STALE), 0u);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u);
}

// Bits of neighbours are in the same word.
TEST_F(Reuse, ANeighbourThatYieldedIsAnothers)
{
    const Mapping a = dev.map(20), b = dev.map(40), c = dev.map(60);
    EXPECT_EQ(b.bfn(), a.bfn() + 1);
    for (const Mapping &m : {a, b, c})
        EXPECT_EQ(dev.unmap(m), 0);
    recycle(40);
    const std::vector<Mapping> again = {dev.map(20), dev.map(40), dev.map(60)};
    EXPECT_EQ(again[0].bfn(), a.bfn());
    EXPECT_NE(again[1].bfn(), b.bfn());
    EXPECT_EQ(again[2].bfn(), c.bfn());
    for (const Mapping &m : again)
        EXPECT_EQ(dev.unmap(m), 0);
    EXPECT_EQ(counter(PVIOMMU_REUSE_HITS), 2u);
    EXPECT_EQ(counter(PVIOMMU_STALE), 0u);
}

// Two idle mappings of one page; one yielded before the page was mapped again.
TEST_F(Reuse, AnotherOneMayBeTaken)
{
    const Mapping a = dev.map(20);
    EXPECT_EQ(dev.unmap(a), 0);
    recycle(20);
    Device lazy(PVIOMMU_LAZY);
    const Mapping b = lazy.map(20);
    lazy.set_mode(PVIOMMU_REUSE);
    EXPECT_EQ(lazy.unmap(b), 0);
    EXPECT_EQ(table(0).nr, 2u);
    const Mapping m = dev.map(20);
    EXPECT_EQ(m.bfn(), b.bfn());
    EXPECT_EQ(dev.unmap(m), 0);
}

// A mapping that yielded under a driver does not idle.
TEST_F(Reuse, WhatADriverForgot)
{
    const Mapping m = dev.map(20);
    recycle(20);
    EXPECT_EQ(pviommu_yielded_live(&pviommu_high), 1u);
    EXPECT_EQ(dev.unmap(m), 0);
    EXPECT_EQ(dev.counter(PVIOMMU_STALE), 1u);
    EXPECT_EQ(table(0).nr, 0u);
    pviommu_queues_drain();
    EXPECT_EQ(handed_out(), 0u);
}

// Its PFN does not tell the page.
TEST_F(Reuse, OnlyPagesOfDom0Idle)
{
    set_foreign(52, 3);
    const std::vector<Mapping> all = {dev.map(52, 1, {.write = false}), dev.map(51, 3, {.write = false}),
                                      dev.map_list({{20, 1}, {30, 1}})};
    for (const Mapping &m : all) {
        ASSERT_TRUE(m);
        EXPECT_EQ(dev.unmap(m), 0);
    }
    EXPECT_EQ(table(0).nr, 0u);
    EXPECT_EQ(per_cpu_ptr(pviommu_queues, 0)->nr, 3u);
    hooks.holds = [](uint64_t) { return true; };
    const Mapping held = dev.map(40);
    EXPECT_EQ(dev.unmap(held), 0);
    EXPECT_EQ(table(0).nr, 0u);
    EXPECT_FALSE(entry(held.bfn()).cached);
}

TEST_F(Reuse, TheyIdleAsLongAsTheySay)
{
    pviommu_params.reuse_ms = 5 * pviommu_params.wait_ms;
    const Mapping m = dev.map(20);
    EXPECT_EQ(dev.unmap(m), 0);
    pass_jiffies(msecs_to_jiffies(pviommu_params.reuse_ms) - 1);
    EXPECT_TRUE(entry(m.bfn()).mapped);
    pass_jiffies(ticks() + 1);
    EXPECT_FALSE(entry(m.bfn()).cached);
    pviommu_params.reuse_ms = pviommu_params.wait_ms;
}
