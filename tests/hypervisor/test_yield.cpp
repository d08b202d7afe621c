// SPDX-License-Identifier: GPL-2.0-only
//
// Maps that yield: they hold nothing, and go before their frame is anything but an ordinary page. The world itself
// checks that no device reaches the frame then: world::revoked().
#include "fixture.h"

namespace {

TEST(Yield, HoldsNothing)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 4, 0x304, 1, kRead | kYield)), 0);
    EXPECT_EQ(world::held(0x300) + world::held_types(0x300), 0);
    EXPECT_EQ(c.usage().mapped, 5u);
    EXPECT_EQ(c.op(op_unmap(kBase, 5)), 0);
    c.wind_up();
}

TEST(Yield, ToAPageTable)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4, kBoth)), 0);
    EXPECT_TRUE(c.page_table(0x302));
    c.audit();
    EXPECT_EQ(c.usage().yielded, 1u);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x310, 1, kBoth)), -EEXIST) << "the BFN is in use";
    EXPECT_EQ(c.op(op_map(kBase + 8, 0x302, 1, kBoth)), -EBUSY) << "a page table";
    EXPECT_EQ(c.op(op_unmap(kBase, 4)), 0);
    EXPECT_EQ(c.usage().yielded, 0u);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x310, 1, kBoth)), 0);
    EXPECT_TRUE(c.page_table(0x302, false));
    EXPECT_EQ(c.op(op_map(kBase, 0x302, 1, kBoth)), 0) << "writable again";
    c.wind_up();
}

TEST(Yield, ToWhoeverGetsThePage)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x300, 2, kRead | kYield)), 0);
    EXPECT_TRUE(c.give_away(0x301));
    c.audit();
    EXPECT_EQ(c.op(op_map(kBase + 8, 0x301, 1, kBoth)), -EPERM);
    world::frames()[0x301].u.inuse.type_info = PGT_writable_page | PGT_validated;
    EXPECT_EQ(c.op(op_map(kBase + 8, 0x301, 1, kBoth)), -EPERM) << "writable, but to its owner";
    world::frames()[0x301].u.inuse.type_info = 0;
    EXPECT_EQ(c.usage().yielded, 2u);
    EXPECT_EQ(c.op(op_unmap(kBase, 4)), 0);
    EXPECT_TRUE(world::give_away(0x301, false));
    EXPECT_EQ(c.op(op_map(kBase, 0x301, 1, kRead | kYield)), XEN_IOMMUOP_STATUS_held) << "of no type yet";
    EXPECT_EQ(c.op(op_map(kBase + 1, 0x301, 1, kBoth)), 0);
    c.wind_up();
}

TEST(Yield, RefusesWhatIsXens)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, world::kRmrrRam, 1, kBoth)), 0) << "so the look-up has slots there";
    for (uint64_t mfn : {world::kXenHeap, world::kXenHeap + 1, world::kFree, world::kRmrr})
        for (unsigned flags : {kBoth, kRead | kYield})
            EXPECT_EQ(c.op(op_map(kBase + 1, mfn, 1, flags)), mfn == world::kRmrr ? -ENXIO : -EPERM) << mfn;
    c.wind_up();
}

TEST(Yield, WhileItsUnmapWaits)
{
    Pv c;
    c.while_unmap_waits(4, [&] {
        EXPECT_TRUE(c.page_table(0x300));
        EXPECT_TRUE(c.give_away(0x301));
    });
    c.wind_up();
}

TEST(Yield, WhatHasYieldedCanWaitForItsFlush)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, kBoth)), 0);
    EXPECT_TRUE(c.page_table(0x300));
    EXPECT_EQ(c.op(op_unmap(kBase, 2, kDefer)), 0);
    EXPECT_EQ(c.usage().yielded, 1u);
    EXPECT_EQ(c.op(op_flush(kBase, 2)), 0);
    EXPECT_EQ(c.usage().yielded, 0u);
    c.wind_up();
}

// From the end, from the start, and from the middle.
TEST(Yield, AFrameAtManyBfns)
{
    for (const std::vector<unsigned> &order :
         {std::vector{0u, 1u, 2u, 3u}, {3u, 2u, 1u, 0u}, {1u, 2u, 0u, 3u}, {2u, 0u, 3u, 1u}})
        for (unsigned before = 0; before <= 4; before++) {
            Pv c;
            for (unsigned i = 0; i < 4; i++)
                EXPECT_EQ(c.op(op_map(kBase + i * 300, 0x300, 1, i % 2 ? kBoth : kRead | kYield)), 0);
            for (unsigned i = 0; i < before; i++)
                EXPECT_EQ(c.op(op_unmap(kBase + order[i] * 300)), 0);
            EXPECT_TRUE(c.page_table(0x300));
            c.audit();
            EXPECT_EQ(c.usage().yielded, 4 - before);
            for (unsigned i = before; i < 4; i++)
                EXPECT_EQ(c.op(op_unmap(kBase + order[i] * 300)), 0);
            c.wind_up();
        }
}

TEST(Yield, HoldsWhatIsMappedTooOften)
{
    Pv c;
    constexpr unsigned kMost = 256;
    for (unsigned i = 0; i < kMost; i++)
        EXPECT_EQ(c.op(op_map(kBase + i, 0x300, 1, kBoth)), 0) << i;
    EXPECT_EQ(c.op(op_map(kBase + kMost, 0x300, 1, kBoth)), XEN_IOMMUOP_STATUS_held);
    EXPECT_EQ(c.op(op_map(kBase + kMost + 1, 0x2ff, 3, kBoth)), XEN_IOMMUOP_STATUS_held) << "one of three";
    EXPECT_EQ(world::held_types(0x300), 2);
    EXPECT_FALSE(c.page_table(0x300));
    EXPECT_EQ(c.op(op_unmap(kBase + kMost, 4)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase + 7)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 7, 0x300, 1, kBoth)), 0) << "there is room again";
    // As a driver's ring does: many come and go, but there are never more than a few.
    for (unsigned i = 2; i < kMost; i++)
        EXPECT_EQ(c.op(op_unmap(kBase + i)), 0);
    for (unsigned i = 2; i < 600; i++) {
        EXPECT_EQ(c.op(op_map(kBase + i, 0x300, 1, kBoth)), 0) << i;
        EXPECT_EQ(c.op(op_unmap(kBase + i - 2)), 0);
    }
    EXPECT_TRUE(c.page_table(0x300));
    c.audit();
    c.wind_up();
}

TEST(Yield, HoldsWhatIsNotOfTheWritableType)
{
    Pv c;
    EXPECT_TRUE(c.page_table(0x300));
    EXPECT_EQ(c.op(op_map(kBase, 0x2ff, 3, kRead | kYield)), XEN_IOMMUOP_STATUS_held);
    EXPECT_EQ(world::held(0x300), 1);
    EXPECT_EQ(world::held(0x2ff), 0);
    EXPECT_EQ(c.op(op_unmap(kBase, 3)), 0);
    c.wind_up();
}

TEST(Yield, OfALeavesNothingWhenOneIsRefused)
{
    Pv c;
    EXPECT_TRUE(c.page_table(0x305));
    for (const bool tables : {false, true}) {
        EXPECT_EQ(c.op(op_map(kBase + 510, 0x300, 8, kBoth)), -EBUSY);
        EXPECT_EQ(c.usage().mapped, 0u);
        EXPECT_EQ(c.usage().tables, tables ? 2u : 0u);
        EXPECT_EQ(c.op(op_map(kBase + 510, world::kDom1 - 6, 8, kBoth)), -EPERM);
        EXPECT_EQ(c.statuses({op_map(kBase + 510, 0x300, 8, kBoth), op_map(kBase + 510, 0x310, 4, kBoth)}),
                  (Statuses{-EBUSY, 0}))
            << "the next map finds the BFNs free";
        EXPECT_EQ(c.op(op_map(kBase + 508, 0x320, 8, kBoth)), -EEXIST);
        EXPECT_EQ(c.op(op_unmap(kBase + 510, 4)), 0);
    }
    c.flush_fails = nth(0);
    EXPECT_EQ(c.op(op_map(kBase + 510, 0x300, 8, kBoth)), -EIO) << "some are still within reach";
    EXPECT_EQ(c.op(op_flush(kBase + 510, 8)), 0);
    c.wind_up();
}

TEST(Yield, Lists)
{
    Pv c;
    EXPECT_EQ(c.statuses(op_list(kBase + 509, {0x320, 0x324, 0x322, 0x320, 0x323}, kBoth)), Statuses{0});
    EXPECT_TRUE(c.page_table(0x320));
    EXPECT_EQ(c.usage().yielded, 2u);
    EXPECT_EQ(c.statuses(op_list(kBase + 1, {0x330, 0x331, 0x320}, kBoth)), Statuses{-EBUSY});
    EXPECT_EQ(c.statuses(op_list(kBase + 1, {0x330, 0x331, 0x320}, kRead | kYield)), Statuses{XEN_IOMMUOP_STATUS_held});
    c.wind_up();
}

TEST(Yield, NotWhileTheFlushFails)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x300, 1, kRead | kYield)), 0);
    c.flush_fails = nth(0);
    EXPECT_FALSE(c.page_table(0x300));
    c.flush_fails = nth(0);
    EXPECT_FALSE(c.give_away(0x301));
    EXPECT_EQ(c.usage().yielded, 0u);
    const world::Translation t = world::walk(kBase), read = world::walk(kBase + 2);
    EXPECT_TRUE(t.present && t.read && t.write && t.mfn == 0x300) << "the BFN maps the page as before";
    EXPECT_TRUE(read.present && read.read && !read.write && read.mfn == 0x300);
    c.flush_fails = nullptr;
    EXPECT_TRUE(c.page_table(0x300));
    EXPECT_TRUE(c.give_away(0x301));
    EXPECT_EQ(c.usage().yielded, 3u);
    EXPECT_EQ(c.op(op_unmap(kBase, 3)), 0);
    c.wind_up();
}

TEST(Yield, ReleaseOfWhatHasYielded)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 600, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 700, 0x300, 600, kBoth)), 0);
    EXPECT_TRUE(c.page_table(0x301));
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr)), -EBUSY);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr, kUnmapFirst)), 0);
    EXPECT_EQ(c.usage().yielded, 0u);
    EXPECT_EQ(world::held(kBits), 0) << "the page of bits is the guest's again";
    EXPECT_EQ(world::heap_pages_live(), 0u);
    EXPECT_TRUE(c.page_table(0x300));
    c.wind_up();
}

TEST(Yield, ReleaseInterruptedAtEachPlace)
{
    for (unsigned stop = 0; stop < 8; stop++) {
        Pv c({.memory = world::kFrames});
        EXPECT_EQ(c.op(op_claim(0x200000, 512)), 0);
        EXPECT_EQ(c.op(op_watch(0x200000, kBits + 1)), 0);
        EXPECT_EQ(c.op(op_map(0x200000, 0x300, 4, kBoth)), 0);
        EXPECT_EQ(c.op(op_map(kBase, 0x300, 1500, kBoth)), 0);
        EXPECT_TRUE(c.page_table(0x305));
        EXPECT_EQ(c.op(op_release(0x200000, 512, kUnmapFirst)), 0);
        c.general_preempt = nth(stop);
        EXPECT_EQ(c.op(op_release(kBase, kBaseNr, kUnmapFirst)), 0);
        c.wind_up();
    }
}

TEST(Yield, HoldsWhenThereIsNoMemory)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase + 100, 0x600, 1, kRead)), 0);
    c.alloc_fails = [] { return true; };
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kBoth)), XEN_IOMMUOP_STATUS_held) << "no slots";
    c.alloc_fails = nullptr;
    EXPECT_EQ(c.op(op_map(kBase + 1, 0x300, 1, kBoth)), 0);
    c.alloc_fails = [] { return true; };
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x300, 1, kBoth)), XEN_IOMMUOP_STATUS_held) << "no links";
    EXPECT_EQ(c.op(op_map(kBase + 3, 0x301, 1, kBoth)), 0) << "it needs none";
    c.alloc_fails = nullptr;
    EXPECT_EQ(c.op(op_unmap(kBase, 4)), 0);
    c.wind_up();
}

// The memory of a domain is in a few places as a rule; and if not, the look-up takes no more than this.
TEST(Yield, HoldsWhatIsTooScattered)
{
    Bare c({.memory = 512});
    EXPECT_EQ(c.op(op_claim(kBase, kBaseNr)), 0);
    EXPECT_EQ(c.op(op_watch(kBase, kBits)), 0);
    unsigned pieces = 0;
    for (uint64_t mfn = 0x200; mfn < world::kDom1; mfn += 512, pieces++)
        EXPECT_EQ(c.op(op_map(kBase + pieces, mfn, 1, kBoth)), 0);
    EXPECT_LT(pieces, 66u) << "this world is too small for more";
    EXPECT_EQ(peek_heap_pages(), pieces);
    c.wind_up();
}

TEST(Watch, Einval)
{
    Pv c;
    EXPECT_EQ(c.op(op_claim(0x200000, 512)), 0);
    xen_iommu_op o = op_watch(0x200000, kBits + 1);
    o.flags = 1;
    EXPECT_EQ(c.op(o), -EINVAL);
    o = op_watch(0x200000, kBits + 1);
    o.u.watch.ctx = 1;
    EXPECT_EQ(c.op(o), -EINVAL);
    o = op_watch(0x200000, kBits + 1);
    o.u.watch.pad0 = 1;
    EXPECT_EQ(c.op(o), -EINVAL);
    EXPECT_EQ(c.op(op_watch(0x200000, kBits + 1, 0)), -EINVAL);
    EXPECT_EQ(c.op(op_watch(0x200000, kBits + 1, 2)), -EINVAL) << "the second has no BFN of the claim";
    EXPECT_EQ(c.op(op_watch(0x200000, kBits + 1, ~0u)), -EINVAL);
    EXPECT_EQ(c.op(op_watch(0x200000, kBits + 1)), 0);
    c.wind_up();
}

TEST(Watch, RefusesWhatIsNotThePageOfTheGuest)
{
    using namespace world;
    Bare c;
    EXPECT_EQ(c.op(op_watch(kBase, kBits)), -ENOENT) << "no claim";
    EXPECT_EQ(c.op(op_claim(kBase, 65536)), 0);
    EXPECT_EQ(c.op(op_watch(kBase + 65536, kBits)), -ENOENT);
    for (uint64_t mfn : {kHole, kVga, kRmrr, kFrames, ~uint64_t{0}, uint64_t{1} << 52})
        EXPECT_EQ(c.op(op_watch(kBase, mfn)), -ENXIO) << mfn;
    for (uint64_t mfn : {kXen, kFree, kXenHeap, kDom1})
        EXPECT_EQ(c.op(op_watch(kBase, mfn)), -EPERM) << mfn;
    EXPECT_EQ(c.op(op_watch(kBase, kDom1 - 1, 2)), -EPERM) << "the second one";
    EXPECT_EQ(held(kDom1 - 1), 0);
    EXPECT_TRUE(c.page_table(kBits));
    EXPECT_EQ(c.op(op_watch(kBase, kBits)), -EBUSY);
    EXPECT_EQ(c.op(op_watch(kBase, kBits + 1, 2)), 0);
    EXPECT_FALSE(c.page_table(kBits + 1)) << "Xen writes to it";
    EXPECT_FALSE(c.give_away(kBits + 2));
    EXPECT_EQ(c.op(op_watch(kBase, kBits + 3, 1)), -EEXIST);
    EXPECT_EQ(c.op(op_watch(kBase + 32768, kBits + 3, 1)), -EEXIST);
    c.wind_up();
    EXPECT_TRUE(c.page_table(kBits + 1));
}

TEST(Watch, TooFewPages)
{
    Bare c;
    EXPECT_EQ(c.op(op_claim(kBase - 1024, 2048 + 32768)), 0) << "the claim begins in the middle of a page's BFNs";
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kBoth)), -ENOBUFS);
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kReadWrite)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 1, 0x300, 1, kBoth)), -ENOBUFS) << "with a cached table";
    EXPECT_EQ(c.op(op_watch(kBase + 32767, kBits)), 0) << "the second of three";
    EXPECT_EQ(c.op(op_map(kBase + 1, 0x300, 1, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase - 1, 0x300, 1, kBoth)), -ENOBUFS);
    EXPECT_EQ(c.op(op_map(kBase - 1, 0x300, 2, kBoth)), -ENOBUFS);
    EXPECT_EQ(c.op(op_map(kBase + 32767, 0x300, 2, kBoth)), -ENOBUFS);
    EXPECT_EQ(c.op(op_watch(kBase - 1, kBits + 1)), 0);
    EXPECT_EQ(c.op(op_watch(kBase + 32768, kBits + 2)), 0);
    EXPECT_EQ(c.op(op_map(kBase - 1, 0x310, 1, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 32767, 0x310, 2, kBoth)), 0);
    EXPECT_TRUE(c.page_table(0x310));
    c.audit();
    c.wind_up();
}

TEST(Watch, OnePageForTwoClaims)
{
    Bare c;
    for (uint64_t bfn : {kBase, kBase + 512}) {
        EXPECT_EQ(c.op(op_claim(bfn, 512)), 0);
        EXPECT_EQ(c.op(op_watch(bfn, kBits)), 0);
        EXPECT_EQ(c.op(op_map(bfn + 5, 0x300, 1, kBoth)), 0);
    }
    EXPECT_TRUE(c.page_table(0x300));
    c.audit();
    EXPECT_EQ(world::words_of(kBits)[0], 1ul << 5);
    EXPECT_EQ(world::words_of(kBits)[512 / 64], 1ul << 5);
    EXPECT_EQ(c.op(op_release(kBase, 512, kUnmapFirst)), 0);
    EXPECT_EQ(world::held(kBits), 1);
    c.wind_up();
}

TEST(Watch, IsNotForTheGenericPath)
{
    Pv c({.generic = true});
    EXPECT_EQ(c.op(op_watch(kBase, kBits)), -EOPNOTSUPP);
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kBoth)), -EOPNOTSUPP);
    EXPECT_EQ(c.statuses(op_list(kBase, {0x300}, kBoth)), Statuses{-EOPNOTSUPP});
    c.wind_up();
}

} // namespace
