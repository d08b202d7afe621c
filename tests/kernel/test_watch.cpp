// SPDX-License-Identifier: GPL-2.0-only
//
// Watch pages: their registration in Xen, and the meaning of their bits.
#include "fixture.h"

#include <bit>

using namespace world;

class Watch : public Pv {
public:
    Watch() : Pv({.high = 5 * XEN_IOMMUOP_WATCH_FRAMES, .low = 2048}) {}
    struct pviommu_watch watch = {};
    std::vector<xen_iommu_op_watch> ops;

    // One claim.
    int give(uint64_t bfn, uint64_t nr)
    {
        ops.clear();
        hooks.watch = [this](const xen_iommu_op_watch &w) {
            ops.push_back(w);
            return 0;
        };
        const int err = pviommu_watch_new(&watch, bfn, nr) ?: pviommu_watch_give(&watch, bfn, nr);
        hooks.watch = nullptr;
        return err;
    }
    static unsigned order_of(unsigned long nr) { return nr > 1 ? static_cast<unsigned>(std::bit_width(nr - 1)) : 0; }
    ~Watch() override { pviommu_watch_free(&watch); }
};

TEST_F(Watch, EachPageOfAClaimOnce)
{
    struct Case {
        uint64_t bfn, nr;
        unsigned pages;
    };
    for (const Case &c : {Case{0x300000, 512, 1},
                          {0x307e00, 512, 1},
                          {0x307e00, 1024, 2},
                          {0x308000, 0x8000, 1},
                          {0x2ffe00, 0x40400, 10}}) {
        ASSERT_EQ(give(c.bfn, c.nr), 0);
        uint64_t at = c.bfn / XEN_IOMMUOP_WATCH_FRAMES;
        for (const xen_iommu_op_watch &w : ops) {
            EXPECT_EQ(w.bfn / XEN_IOMMUOP_WATCH_FRAMES, at);
            EXPECT_GE(w.bfn, c.bfn) << "the claim has the BFN";
            EXPECT_LT(w.bfn, c.bfn + c.nr);
            at += w.nr;
        }
        EXPECT_EQ(at - c.bfn / XEN_IOMMUOP_WATCH_FRAMES, c.pages);
        EXPECT_LE(ops.size(), c.pages / 2 + 1) << "neighbours in the machine are one op";
        pviommu_watch_free(&watch);
    }
}

TEST_F(Watch, ARefusalIsTold)
{
    hooks.watch = [](const xen_iommu_op_watch &) { return -EBUSY; };
    logged.clear();
    ASSERT_EQ(pviommu_watch_new(&watch, 0x300000, 512), 0);
    EXPECT_EQ(pviommu_watch_give(&watch, 0x300000, 512), -EBUSY);
    EXPECT_NE(logged.find("watch pages"), std::string::npos);
    pviommu_watch_free(&watch);
    hooks.watch = nullptr;
    hooks.alloc_fails = [] { return true; };
    EXPECT_EQ(pviommu_watch_new(&watch, 0x300000, 512), -ENOMEM);
    hooks.alloc_fails = nullptr;
}

TEST_F(Watch, AnOldXenIsAskedNothing)
{
    pviommu_xen.yield = 0;
    ASSERT_EQ(give(0x300000, 512), 0);
    EXPECT_TRUE(ops.empty());
}

// Each BFN of a run has its own bit, in any word or page.
TEST_F(Watch, BitsAreTheBfns)
{
    Device strict(PVIOMMU_STRICT);
    std::vector<Mapping> all;
    for (const unsigned long nr : {1ul, 3ul, 64ul, 65ul, 200ul, 600ul})
        for (const uint64_t limit : {~0ull, 0xffffffffull})
            all.push_back(strict.map(1000, nr, {.limit = limit}));
    for (const Mapping &m : all) {
        ASSERT_TRUE(m);
        pviommu_window *w = pviommu_window_of(m.addr);
        const unsigned order = order_of(m.nr);
        for (const unsigned long i : {0ul, m.nr / 2, m.nr - 1}) {
            EXPECT_FALSE(pviommu_yielded(w, m.bfn(), order));
            set_bit(m.bfn() + i, w->watch);
            EXPECT_TRUE(watch_bit(m.bfn() + i));
            for (const Mapping &other : all)
                if (pviommu_window_of(other.addr) == w)
                    EXPECT_EQ(pviommu_yielded(w, other.bfn(), order_of(other.nr)), other.addr == m.addr);
            EXPECT_EQ(pviommu_yielded_nr(w, m.bfn(), order), 1u);
            EXPECT_EQ(pviommu_yielded_live(w), 1u);
            pviommu_yielded_clear(w, m.bfn(), order);
            EXPECT_FALSE(watch_bit(m.bfn() + i));
        }
    }
    for (const Mapping &m : all)
        EXPECT_EQ(strict.unmap(m), 0);
}

// The allocator hands out BFNs of the second page as well.
TEST_F(Watch, AWindowOfSeveralPages)
{
    Device lazy(PVIOMMU_LAZY);
    std::vector<Mapping> all;
    for (unsigned i = 0; i < 45; i++)
        all.push_back(lazy.map(16, 2000));
    const Mapping last = lazy.map(3000, 4);
    EXPECT_GT(last.bfn() / XEN_IOMMUOP_WATCH_FRAMES, all[0].bfn() / XEN_IOMMUOP_WATCH_FRAMES);
    recycle(3002);
    EXPECT_TRUE(watch_bit(last.bfn() + 2));
    EXPECT_EQ(lazy.unmap(last), 0);
    EXPECT_EQ(lazy.counter(PVIOMMU_STALE), 1u);
    for (const Mapping &m : all)
        EXPECT_EQ(lazy.unmap(m), 0);
}
