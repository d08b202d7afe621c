// SPDX-License-Identifier: GPL-2.0-only
//
// The op revoke: devices lose what a range maps, and the guest keeps the BFNs until it unmaps them.
#include "fixture.h"

namespace {

// Of each kind of map; and what is not mapped stays free.
TEST(Revoke, KeepsTheBfns)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 4, 0x300, 1, kRead | kYield)), 0) << "a frame's second entry";
    EXPECT_EQ(c.op(op_map(kBase + 6, 0x310, 2)), 0) << "held";
    EXPECT_EQ(c.op(op_map(kBase + 510, 0x320, 4, kBoth)), 0) << "in two tables";
    EXPECT_EQ(c.op(op_revoke(kBase, 1024)), 0);
    for (uint64_t bfn : {kBase, kBase + 3, kBase + 4, kBase + 6, kBase + 513})
        EXPECT_FALSE(world::walk(bfn).present) << bfn;
    EXPECT_EQ(world::held(0x310) + world::held_types(0x310), 0) << "nothing is held";
    EXPECT_EQ(c.usage().mapped, 11u);
    EXPECT_EQ(c.usage().yielded, 11u);
    EXPECT_EQ(c.op(op_map(kBase, 0x330, 1, kBoth)), -EEXIST) << "the BFN is in use";
    EXPECT_EQ(c.op(op_map(kBase + 5, 0x330, 1, kBoth)), 0) << "this one is not";
    EXPECT_EQ(c.op(op_unmap(kBase, 8)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase + 510, 4)), 0);
    EXPECT_EQ(c.usage().yielded, 0u);
    c.wind_up();
}

TEST(Revoke, OfWhatIsNotMapped)
{
    Pv c;
    EXPECT_EQ(c.op(op_revoke(kBase, 2048)), 0) << "no table";
    c.while_unmap_waits(2, [&] {
        EXPECT_EQ(c.op(op_revoke(kBase, 2)), 0);
        EXPECT_TRUE(c.flushes.empty());
    });
    c.wind_up();
}

TEST(Revoke, OfWhatHasYielded)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, kBoth)), 0);
    EXPECT_TRUE(c.page_table(0x300));
    EXPECT_EQ(c.op(op_revoke(kBase, 2)), 0);
    EXPECT_EQ(c.op(op_revoke(kBase, 2)), 0) << "once more";
    EXPECT_EQ(c.usage().yielded, 2u);
    EXPECT_TRUE(c.page_table(0x301)) << "nothing maps it";
    EXPECT_EQ(c.op(op_unmap(kBase, 2)), 0);
    c.wind_up();
}

TEST(Revoke, SettlesTheBatchBefore)
{
    Pv c;
    EXPECT_EQ(c.statuses({op_map(kBase, 0x300, 4, kBoth), op_unmap(kBase + 2, 2), op_revoke(kBase, 4),
                          op_map(kBase + 2, 0x310, 1, kBoth), op_unmap(kBase, 3)}),
              (Statuses{0, 0, 0, 0, 0}));
    EXPECT_EQ(c.usage().mapped, 0u);
    c.wind_up();
}

TEST(Revoke, WhenTheFlushFails)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, kBoth)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x310, 1)), 0);
    c.flush_fails = nth(0);
    EXPECT_EQ(c.op(op_revoke(kBase, 3)), -EIO);
    EXPECT_EQ(world::held(0x310), 1) << "devices may reach it";
    EXPECT_EQ(c.op(op_unmap(kBase, 3)), -ENOENT);
    EXPECT_EQ(c.op(op_flush(kBase, 3)), 0);
    EXPECT_EQ(c.usage().mapped, 0u);
    c.wind_up();
}

TEST(Revoke, Refuses)
{
    Pv c;
    for (uint32_t nr : {0u, 2049u, ~0u})
        EXPECT_EQ(c.op(op_revoke(kBase, nr)), -EINVAL) << nr;
    EXPECT_EQ(c.op(op_revoke(kBase - 1, 2)), -ENOENT);
    EXPECT_EQ(c.op(op_revoke(kBase + kBaseNr - 1, 2)), -ENOENT);
    EXPECT_EQ(c.op(op_revoke(~uint64_t{0}, 2)), -ENOENT);
    c.wind_up();
    Pv generic({.generic = true});
    EXPECT_EQ(generic.op(op_revoke(kBase)), -EOPNOTSUPP);
    generic.wind_up();
}

TEST(Revoke, AndReleaseOfTheClaim)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 600, kBoth)), 0);
    EXPECT_EQ(c.op(op_revoke(kBase, 600)), 0);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr)), -EBUSY);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr, kUnmapFirst)), 0);
    EXPECT_EQ(c.usage().yielded, 0u);
    c.wind_up();
}

} // namespace
