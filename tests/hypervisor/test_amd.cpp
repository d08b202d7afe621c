// SPDX-License-Identifier: GPL-2.0-only
//
// AMD-Vi's format of entries: each kind of map with each access, and the ways back. The world
// checks each present entry as a unit would. AMD=1 runs all other tests with the format, too.
#include "fixture.h"

namespace {

constexpr unsigned kAccesses[] = {kRead, kWrite, kReadWrite};

TEST(Amd, EachKindWithEachAccess)
{
    for (const bool caching : {false, true})
        for (unsigned access : kAccesses) {
            Pv c({.amd = true, .caching_mode = caching});
            EXPECT_EQ(c.statuses({op_map(kBase, 0x300, 3, access | kYield), op_map(kBase + 3, 0x310, 3, access),
                                  op_map(kBase + 6, 0xf0000, 3, access | kMmio),
                                  op_map(kBase + 9, world::kDom1, 3, access, 1)}),
                      Statuses(4, 0));
            c.audit();
            EXPECT_EQ(c.op(op_unmap(kBase, 6, kDefer)), 0);
            EXPECT_EQ(c.op(op_unmap(kBase + 6, 6)), 0);
            EXPECT_EQ(c.op(op_flush(kBase, 6)), 0);
            EXPECT_EQ(c.usage().mapped, 0u);
            c.wind_up();
        }
}

TEST(Amd, YieldsAndIsUnmapped)
{
    for (unsigned access : kAccesses) {
        Pv c({.amd = true});
        EXPECT_EQ(c.op(op_map(kBase, 0x300, 4, access | kYield)), 0);
        EXPECT_TRUE(c.page_table(0x301));
        c.audit();
        EXPECT_EQ(c.op(op_revoke(kBase + 2, 1)), 0);
        EXPECT_EQ(c.usage().yielded, 2u);
        EXPECT_EQ(c.op(op_unmap(kBase, 4)), 0);
        EXPECT_EQ(c.usage().yielded, 0u);
        c.wind_up();
    }
}

TEST(Amd, MapsAgainIfTheFlushFails)
{
    for (unsigned access : kAccesses) {
        Pv c({.amd = true});
        EXPECT_EQ(c.op(op_map(kBase, 0x300, 2, access | kYield)), 0);
        c.flush_fails = nth(0);
        EXPECT_FALSE(c.page_table(0x300));
        c.flush_fails = nullptr;
        const world::Translation t = world::walk(kBase);
        EXPECT_TRUE(t.present && t.mfn == 0x300 && t.read == !!(access & kRead) && t.write == !!(access & kWrite));
        EXPECT_EQ(c.op(op_unmap(kBase, 2)), 0);
        c.wind_up();
    }
}

} // namespace
