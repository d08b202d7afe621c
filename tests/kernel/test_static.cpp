// SPDX-License-Identifier: GPL-2.0-only
//
// The static map: pages that yield are no hits, and come again with their next DMA.
#include "fixture.h"

using namespace world;

class Static : public Pv {
public:
    Static() : Pv({.fixed = true}) {}
    Device dev{PVIOMMU_STATIC};
    static uint64_t bfn_of(unsigned long pfn) { return kStatic + pfn; }
    // The page is mapped, at its place.
    void expect_hit(unsigned long pfn, unsigned long nr = 1)
    {
        sent.clear();
        const uint64_t hits = dev.counter(PVIOMMU_STATIC_HITS);
        const Mapping m = dev.map(pfn, nr);
        EXPECT_EQ(m.bfn(), bfn_of(pfn));
        EXPECT_EQ(dev.counter(PVIOMMU_STATIC_HITS) - hits, 1u);
        EXPECT_EQ(dev.unmap(m), 0);
        EXPECT_TRUE(sent.empty());
    }
    // The page is mapped, after a look.
    void expect_renewed(unsigned long pfn, unsigned long nr, unsigned long pages)
    {
        const uint64_t renewed = dev.counter(PVIOMMU_STATIC_RENEWED);
        const Mapping m = dev.map(pfn, nr);
        EXPECT_EQ(m.bfn(), bfn_of(pfn));
        EXPECT_EQ(dev.counter(PVIOMMU_STATIC_RENEWED) - renewed, pages);
        EXPECT_EQ(dev.unmap(m), 0);
        for (unsigned long i = pfn; i < pfn + nr; i++)
            EXPECT_FALSE(watch_bit(bfn_of(i)));
        expect_hit(pfn, nr);
    }
    void expect_dynamic(unsigned long pfn)
    {
        const uint64_t misses = dev.counter(PVIOMMU_STATIC_MISSES);
        const Mapping m = dev.map(pfn);
        ASSERT_TRUE(m);
        EXPECT_FALSE(pviommu_static_contains(m.addr));
        EXPECT_EQ(dev.counter(PVIOMMU_STATIC_MISSES) - misses, 1u);
        EXPECT_EQ(dev.unmap(m), 0);
    }
};

TEST_F(Static, AllOfMemoryYields)
{
    for (unsigned long pfn = 0; pfn < kPages; pfn++) {
        const Entry e = entry(bfn_of(pfn));
        EXPECT_TRUE(e.mapped && e.write && e.yields && e.mfn == mfn_of(pfn)) << pfn;
    }
    expect_hit(16, 20);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u);
}

TEST_F(Static, APageThatYieldedComesAgain)
{
    recycle(20);
    EXPECT_FALSE(entry(bfn_of(20)).cached);
    expect_renewed(20, 1, 1);
    recycle(31);
    recycle(32);
    expect_renewed(30, 4, 2);
    // Another frame.
    leave(40);
    come_back(40);
    expect_renewed(40, 1, 1);
    EXPECT_EQ(entry(bfn_of(40)).mfn, mfn_of(40));
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u);
}

// Page tables of that time, and absent pages.
TEST_F(Static, WhatWasNoOrdinaryMemoryAtLoad)
{
    finish();
    reset({.fixed = false});
    make_table(20);
    set_absent(24);
    set_foreign(25, 7);
    u64 tables = kMaxBfns;
    EXPECT_EQ(pviommu_static_init(&tables), 0);
    EXPECT_EQ(tables, kMaxBfns - kPages);
    for (const unsigned long pfn : {20ul, 24ul, 25ul})
        EXPECT_FALSE(pviommu_static_hit(pfn)) << pfn;
    for (const unsigned long pfn : {19ul, 21ul, 23ul, 26ul, 35ul})
        EXPECT_TRUE(pviommu_static_hit(pfn)) << pfn;
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u) << "a page table is no error";
    make_ordinary(20);
    come_back(24);
    expect_renewed(18, 7, 2);
    expect_dynamic(25);
    end();
}

TEST_F(Static, WhatXenHoldsIsNotMapped)
{
    finish();
    reset({.fixed = false});
    hooks.holds = [](uint64_t mfn) { return mfn == mfn_of(20); };
    u64 tables = kMaxBfns;
    EXPECT_EQ(pviommu_static_init(&tables), 0);
    EXPECT_FALSE(pviommu_static_hit(20));
    EXPECT_TRUE(pviommu_static_hit(21));
    make_table(20); // dom0 would die of a held page
    make_ordinary(20);
    expect_dynamic(20);
    EXPECT_FALSE(entry(bfn_of(20)).cached);
    hooks.holds = nullptr;
    expect_renewed(20, 1, 1);
    end();
}

TEST_F(Static, AGuestsPageIsNone)
{
    leave(20);
    EXPECT_FALSE(pviommu_static_hit(20));
    come_back(20);
    set_foreign(20, 7);
    expect_dynamic(20);
    expect_dynamic(20);
    EXPECT_EQ(dev.counter(PVIOMMU_STATIC_RENEWED), 0u);
}

TEST_F(Static, AFailureLeavesTheOtherWay)
{
    for (const unsigned op : {XEN_IOMMUOP_unmap, XEN_IOMMUOP_map}) {
        recycle(20);
        hooks.op_fails = [op](const xen_iommu_op &o) {
            return o.op == op && o.u.map.bfn == kStatic + 20 ? -ENOMEM : 0;
        };
        if (op == XEN_IOMMUOP_map)
            expect_dynamic(20);
        hooks.op_fails = nullptr;
        expect_renewed(20, 1, 1);
    }
}

// Two CPUs want the page, each at the other's worst moment: every address leads to the page.
TEST_F(Static, TwoCpusMapItAnew)
{
    for (unsigned at = 0; at < 4; at++) {
        recycle(20);
        unsigned call = 0, other = 0;
        hooks.called = [&](const xen_iommu_op *, unsigned) {
            if (call++ != at / 2)
                return;
            // The CPU would wait for the lock: its look without the lock must be a miss, or true.
            if (pviommu_static_hit(20)) {
                other++;
                EXPECT_TRUE(entry(bfn_of(20)).mapped);
            }
        };
        expect_renewed(20, 1, 1);
        hooks.called = nullptr;
        EXPECT_GE(call, 2u);
    }
}

// Both have seen the bit, and one waits for the lock: the page is in use at that CPU's turn.
TEST_F(Static, TheSecondFindsItMapped)
{
    recycle(20);
    std::thread second;
    std::atomic<bool> started = false;
    Mapping other;
    Device dev2(PVIOMMU_STATIC);
    hooks.called = [&](const xen_iommu_op *, unsigned) {
        if (started.exchange(true))
            return;
        second = std::thread([&] {
            register_thread();
            pin(1);
            other = dev2.map(20);
            unregister_thread();
        });
        while (!lock_waiters())
            std::this_thread::yield();
    };
    const Mapping m = dev.map(20);
    second.join();
    hooks.called = nullptr;
    EXPECT_EQ(m.bfn(), bfn_of(20));
    EXPECT_EQ(other.bfn(), bfn_of(20));
    EXPECT_EQ(dev.counter(PVIOMMU_STATIC_RENEWED), 1u);
    EXPECT_EQ(dev2.counter(PVIOMMU_STATIC_RENEWED), 0u);
    EXPECT_EQ(dev.unmap(m), 0);
    EXPECT_EQ(dev2.unmap(other), 0);
}

// As after dom0 has given memory away and got other memory; some of the pages are page tables.
TEST_F(Static, ScatteredMemory)
{
    restart({.fixed = true, .scattered = true});
    for (unsigned long pfn = 0; pfn < kPages; pfn++) {
        const Entry e = entry(bfn_of(pfn));
        EXPECT_EQ(e.mapped, pfn % 100 != 50) << pfn;
        EXPECT_TRUE(!e.mapped || e.mfn == mfn_of(pfn)) << pfn;
    }
    expect_hit(151, 40);
}
