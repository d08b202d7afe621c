// SPDX-License-Identifier: GPL-2.0-only
//
// map: every status of its table, all or nothing, and its references.
#include "fixture.h"

namespace {

constexpr uint64_t kTop = 1ull << 52, kLast = ~0ull;

TEST(Map, HoldsWhatItMaps)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, kReadWrite)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x300, 1, kRead)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 3, 0x300, 1, kWrite)), 0);
    EXPECT_EQ(world::held(0x300), 3);
    EXPECT_EQ(world::held_types(0x300), 2);
    EXPECT_EQ(c.usage().mapped, 4u);
    c.wind_up();
}

TEST(Map, WithSnoop)
{
    Pv c({.amd = false, .snoop = true});
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 3)), 0);
    EXPECT_EQ(peek_entry(kBase) & (1 << 11), 1u << 11);
    EXPECT_EQ(c.op(op_unmap(kBase, 3, kDefer)), 0);
    EXPECT_EQ(c.op(op_flush(kBase, 3)), 0);
    c.wind_up();
}

TEST(Map, AcrossLeafTables)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase + 500, 0x200, 1100, kRead)), 0);
    EXPECT_EQ(c.usage().tables, 4u);
    EXPECT_EQ(c.op(op_unmap(kBase + 500, 1100)), 0);
    EXPECT_EQ(c.usage().tables, 4u) << "they stay until release";
    c.wind_up();
}

TEST(Map, OfTheMostFrames)
{
    Bare c;
    EXPECT_EQ(c.op(op_claim(kBase, 4096)), 0);
    EXPECT_EQ(c.op(op_map(kBase, 0, 2049)), -EINVAL);
    EXPECT_EQ(c.op(op_map(kBase, 0, 0)), -EINVAL);
    EXPECT_EQ(c.op(op_map(kBase + 7, 0xf0000, 2048, kRead | kMmio)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase + 7, 2048)), 0);
    c.wind_up();
}

TEST(Map, Einval)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, 0)), -EINVAL) << "neither read nor write";
    EXPECT_EQ(c.op(op_map(kBase, 0xf0000, 1, kMmio)), -EINVAL);
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kRead | kMmio | kYield)), -EINVAL);
    EXPECT_EQ(c.op(op_map(kBase, 0xf0000, 1, kRead | kMmio, 0)), -EINVAL) << "mmio wants DOMID_SELF";
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kRead | kYield, 0)), -EINVAL);
}

TEST(Map, EnoentWhenNotInsideOneClaim)
{
    Pv c;
    EXPECT_EQ(c.op(op_claim(kBase + kBaseNr)), 0) << "a neighbour does not help";
    EXPECT_EQ(c.op(op_map(kBase - 1, 0x300)), -ENOENT);
    EXPECT_EQ(c.op(op_map(kBase - 1, 0x300, 2)), -ENOENT);
    EXPECT_EQ(c.op(op_map(kBase + kBaseNr - 1, 0x300, 2)), -ENOENT);
    EXPECT_EQ(c.op(op_map(0x300, 0x300)), -ENOENT) << "the host map is nobody's claim";
    for (uint64_t bfn : {kLast, kTop, kLast - 4094, uint64_t{1} << 63, kBase + (uint64_t{1} << 32)})
        EXPECT_EQ(c.op(op_map(bfn, 0x300, 2048)), -ENOENT);
}

TEST(Map, EexistWhenMapped)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase + 8, 0x300)), 0);
    for (unsigned i = 0; i < 8; i++)
        EXPECT_EQ(c.op(op_map(kBase + 8 - i, 0x310, 8)), -EEXIST);
    EXPECT_EQ(world::held(0x310), 0) << "all or nothing";
}

TEST(Map, EexistWhenMappedInALaterTable)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase + 1030, 0x300)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 500, 0x400, 600)), -EEXIST);
    c.wind_up();
}

TEST(Map, EbusyBeforeTheFlush)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2)), 0);
    EXPECT_EQ(c.statuses({op_unmap(kBase), op_map(kBase, 0x301)}), (Statuses{0, -EBUSY})) << "of this batch";
    EXPECT_EQ(c.op(op_map(kBase, 0x301)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase + 1, 1, kDefer)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 1, 0x301)), -EBUSY) << "of a flush op";
    EXPECT_EQ(c.op(op_flush(kBase + 1)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 1, 0x301)), 0);
    c.wind_up();
}

TEST(Map, EbusyOfAPageTable)
{
    Pv c;
    ASSERT_TRUE(world::set_page_table(0x302, true));
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4)), -EBUSY);
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4, kRead)), 0) << "a device may read the page table";
    EXPECT_FALSE(c.op(op_map(kBase + 8, 0x301)));
    EXPECT_FALSE(world::set_page_table(0x301, true)) << "a page that a device writes becomes no table";
    EXPECT_EQ(c.op(op_unmap(kBase + 8)), 0);
    EXPECT_TRUE(world::set_page_table(0x301, true));
    c.wind_up();
}

TEST(Map, EnxioWhenNoRam)
{
    using namespace world;
    Pv c;
    for (uint64_t mfn : {kHole, kVga, kRmrr, kFrames, kTop - 1, kTop, kLast, kLast - 1, kLast >> 12, (kTop >> 12) - 1,
                         (kTop >> 12) - 2})
        EXPECT_EQ(c.op(op_map(kBase, mfn)), -ENXIO) << mfn;
    EXPECT_EQ(c.op(op_map(kBase, kHole - 2, 4)), -ENXIO) << "in part";
    EXPECT_EQ(c.op(op_map(kBase, kTop >> 12, 8, kRead | kMmio)), -ENXIO) << "no such address";
}

TEST(Map, EpermOfOthersFrames)
{
    using namespace world;
    Pv c;
    for (uint64_t mfn : {kXen, kFree, kXenHeap, kXenHeap + 1, kDom1, kPool})
        for (unsigned flags : {kReadWrite, kRead | kYield})
            EXPECT_EQ(c.op(op_map(kBase, mfn, 1, flags)), -EPERM) << mfn;
    EXPECT_EQ(c.op(op_map(kBase, kDom1 - 3, 4)), -EPERM) << "the last of four";
}

TEST(Map, ForeignFrames)
{
    using namespace world;
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, kDom1, 2, kReadWrite, 1)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x300, 1, kReadWrite, 0)), 0) << "one's own id";
    EXPECT_EQ(c.op(op_map(kBase + 3, kDom2, 1, kReadWrite, 1)), -EPERM);
    EXPECT_EQ(c.op(op_map(kBase + 3, 0x300, 1, kReadWrite, 1)), -EPERM);
    for (unsigned id : {3u, 0x7ff1u, 0x7ff2u, 0xffffu})
        EXPECT_EQ(c.op(op_map(kBase + 3, kDom1, 1, kReadWrite, id)), -ESRCH) << id;
    xsm_allows_foreign = false;
    EXPECT_EQ(c.op(op_map(kBase + 3, kDom1, 1, kReadWrite, 1)), -EPERM);
    EXPECT_EQ(c.op(op_map(kBase + 3, 0x301, 1, kReadWrite, 0)), 0) << "xsm is not asked for oneself";
    c.wind_up();
}

TEST(Map, OutlivesTheGuest)
{
    using namespace world;
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, kDom1, 1, kReadWrite, 1)), 0);
    kill_domain(1);
    EXPECT_EQ(held(kDom1), 1) << "its page stays";
    EXPECT_EQ(c.op(op_map(kBase + 1, kDom1 + 1, 1, kReadWrite, 1)), -ESRCH);
    EXPECT_EQ(c.op(op_unmap(kBase)), 0);
    EXPECT_EQ(truth(kDom1).owner, -1) << "until the unmap";
}

TEST(Map, Mmio)
{
    using namespace world;
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0xf0000, 4, kReadWrite | kMmio)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 4, kVga, 4, kReadWrite | kMmio)), 0) << "with a page_info";
    EXPECT_EQ(c.op(op_map(kBase + 8, kMmioReadOnly, 1, kRead | kMmio)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 9, kMmioReadOnly - 1, 2, kReadWrite | kMmio)), -EPERM);
    EXPECT_EQ(c.op(op_map(kBase + 9, kMmioForbidden, 1, kRead | kMmio)), -EPERM);
    for (uint64_t mfn : {uint64_t{0x300}, kXen, kFree, kXenHeap, kDom1, kPool})
        EXPECT_EQ(c.op(op_map(kBase + 9, mfn, 1, kRead | kMmio)), -ENXIO) << mfn;
    EXPECT_EQ(held(kVga), 0);
    EXPECT_EQ(c.op(op_unmap(kBase, 9)), 0);
    c.wind_up();
}

TEST(Map, EnospcOverMaxTables)
{
    Bare c({.levels = 4, .memory = 0});
    c.thorough = false;
    EXPECT_EQ(c.op(op_claim(kBase, 512 * 1100)), 0);
    for (unsigned i = 0; i < 1024; i++)
        ASSERT_EQ(c.op(op_map(kBase + i * 512, 0x300, 1, kRead)), 0) << i;
    EXPECT_EQ(c.op(op_map(kBase + 1024 * 512, 0x300)), -ENOSPC);
    EXPECT_EQ(c.op(op_map(kBase + 1024 * 512 - 1, 0x300, 2)), -ENOSPC) << "all or nothing";
    EXPECT_EQ(c.op(op_map(kBase + 1024 * 512 - 1, 0x300)), 0) << "an existing table";
    c.thorough = true;
    c.audit();
    c.wind_up();
}

TEST(Map, OverlapsWithinABatch)
{
    Pv c;
    EXPECT_EQ(
        c.statuses({op_map(kBase, 0x300, 4), op_map(kBase + 3, 0x300, 4), op_map(kBase + 4, 0x300, 4),
                    op_unmap(kBase + 2, 4), op_unmap(kBase + 5, 2), op_unmap(kBase + 5), op_map(kBase + 3, 0x310, 2)}),
        (Statuses{0, -EEXIST, 0, 0, -ENOENT, -ENOENT, -EBUSY}));
    c.wind_up();
}

// Found by review: each failure left an empty leaf table, which counted.
TEST(Map, ThatFailsLeavesNoTable)
{
    Pv c;
    for (uint64_t mfn : {world::kXen, world::kDom1, world::kHole, uint64_t{1} << 40})
        EXPECT_LT(c.op(op_map(kBase + 600, mfn)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 510, world::kRam - 2, 4)), -EPERM) << "its second half could be mapped";
    EXPECT_EQ(c.statuses(op_list(kBase + 1534, {0x300, 0x301, 0x302, world::kXen})), Statuses{-EPERM});
    EXPECT_EQ(c.usage().tables, 0u);
    c.wind_up();
}

TEST(Map, OfATableTooManyLeavesNone)
{
    Bare c({.memory = 0});
    EXPECT_EQ(c.op(op_claim(kBase, 512 * 1030)), 0);
    for (unsigned i = 0; i < 1023; i++)
        EXPECT_EQ(c.op(op_map(kBase + i * 512, 0x300)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 1024 * 512 - 2, 0x300, 4)), -ENOSPC) << "it needs two";
    EXPECT_EQ(c.usage().tables, 1023u);
    EXPECT_EQ(c.op(op_map(kBase + 1023 * 512, 0x300)), 0);
    c.wind_up();
}

// On an IOMMU that caches absent entries: the device may not see the map.
TEST(Map, WhoseFlushFails)
{
    Pv c({.amd = false, .caching_mode = true});
    world::watch(kBase);
    c.flush_fails = nth(0);
    EXPECT_EQ(c.statuses({op_map(kBase, 0x300), op_map(kBase + 9, world::kXen), op_map(kBase + 4, 0x304, 3)}),
              (Statuses{-EIO, -EPERM, -EIO}));
    EXPECT_EQ(world::held(0x300), 1) << "it is mapped";
    EXPECT_EQ(c.op(op_map(kBase, 0x301)), -EEXIST);
    EXPECT_EQ(c.statuses({op_unmap(kBase), op_unmap(kBase + 4, 3)}), (Statuses{0, 0})) << "an unmap removes the map";
    EXPECT_EQ(c.op(op_map(kBase, 0x301)), 0);
    c.wind_up();
}

// As for grants: the owner's dirty log has the writes of devices.
TEST(Map, OfAnotherDomainsPagesMarksThemDirty)
{
    Pv c;
    EXPECT_EQ(
        c.statuses({op_map(kBase, world::kDom1, 2, kReadWrite, 1), op_map(kBase + 2, world::kDom1 + 2, 1, kRead, 1),
                    op_map(kBase + 3, 0x300, 1, kReadWrite, 0)}),
        Statuses(3, 0));
    EXPECT_EQ(world::held_types(world::kDom1), 1);
    EXPECT_FALSE(world::marked_dirty(world::kDom1)) << "not before its unmap";
    EXPECT_EQ(c.op(op_unmap(kBase, 4)), 0);
    EXPECT_TRUE(world::marked_dirty(world::kDom1));
    EXPECT_TRUE(world::marked_dirty(world::kDom1 + 1));
    EXPECT_FALSE(world::marked_dirty(world::kDom1 + 2)) << "read only";
    EXPECT_FALSE(world::marked_dirty(0x300)) << "the caller's own, by its number";
    c.wind_up();
}

// Shadow code takes a writable type for a use of the page as RAM and nothing else.
TEST(Map, OfADomainInExternalPagingModeTakesNoType)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, world::kDom2, 2, kReadWrite, 2)), 0);
    EXPECT_EQ(world::held(world::kDom2), 1);
    EXPECT_EQ(world::held_types(world::kDom2), 0);
    EXPECT_EQ(c.op(op_unmap(kBase, 1)), 0);
    EXPECT_TRUE(world::marked_dirty(world::kDom2));
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr, kUnmapFirst)), 0);
    EXPECT_TRUE(world::marked_dirty(world::kDom2 + 1)) << "by a release as well";
    c.wind_up();
}

} // namespace
