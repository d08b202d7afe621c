// SPDX-License-Identifier: GPL-2.0-only
//
// unmap and flush: statuses, deferral, and how many invalidations they cost.
#include "fixture.h"

namespace {

TEST(Unmap, Enoent)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase + 4)), -ENOENT);
    EXPECT_EQ(c.op(op_unmap(kBase + 3, 2)), -ENOENT) << "all or nothing";
    EXPECT_EQ(c.op(op_unmap(kBase - 1, 2)), -ENOENT);
    EXPECT_EQ(c.op(op_unmap(kBase + 600)), -ENOENT) << "no table";
    EXPECT_EQ(c.op(op_unmap(~0ull)), -ENOENT);
    EXPECT_EQ(c.op(op_unmap(kBase, 0)), -EINVAL);
    EXPECT_EQ(c.op(op_unmap(kBase, 4097)), -EINVAL);
    EXPECT_EQ(world::held(0x303), 1);
    EXPECT_EQ(c.op(op_unmap(kBase, 4)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase, 4)), -ENOENT);
    c.wind_up();
}

TEST(Unmap, InOtherPiecesThanItWasMapped)
{
    Pv c;
    EXPECT_EQ(c.statuses({op_map(kBase + 510, 0x300, 2), op_map(kBase + 512, 0x310, 3), op_unmap(kBase + 511, 2),
                          op_unmap(kBase + 510), op_unmap(kBase + 513, 2)}),
              Statuses(5, 0));
    c.wind_up();
}

TEST(Unmap, Deferred)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 8)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase, 8, kDefer)), 0);
    EXPECT_TRUE(c.flushes.empty());
    EXPECT_EQ(world::held(0x300), 1);
    EXPECT_EQ(c.op(op_unmap(kBase)), -ENOENT) << "an unmapped BFN";
    EXPECT_EQ(c.op(op_flush(kBase + 2, 4)), 0);
    EXPECT_EQ(world::held(0x301), 1);
    EXPECT_EQ(world::held(0x302), 0);
    EXPECT_EQ(c.usage().mapped, 4u);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr)), -EBUSY);
    c.wind_up();
}

TEST(Flush, Statuses)
{
    Pv c;
    EXPECT_EQ(c.op(op_flush(kBase, 4)), 0) << "of unmapped BFNs";
    EXPECT_EQ(c.op(op_flush(kBase + kBaseNr - 1, 2)), -ENOENT);
    EXPECT_EQ(c.op(op_flush(0x300)), -ENOENT);
    EXPECT_EQ(c.op(op_flush(kBase, 0)), -EINVAL);
    EXPECT_EQ(c.op(op_flush(kBase, 4097)), -EINVAL);
}

TEST(Flush, InTheSameBatchSettlesWhatItDeferred)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 8)), 0);
    EXPECT_EQ(c.statuses({op_unmap(kBase, 4, kDefer), op_flush(kBase, 8), op_unmap(kBase + 4, 4, kDefer)}),
              Statuses(3, 0));
    EXPECT_EQ(world::held(0x303), 0);
    EXPECT_EQ(world::held(0x304), 1);
    c.wind_up();
}

// How many invalidations a batch costs, and of how many frames each.
std::vector<uint64_t> cost(Pv &c, std::vector<xen_iommu_op> ops)
{
    c.statuses(std::move(ops));
    std::vector<uint64_t> frames;
    for (const world::Flush &f : c.flushes)
        frames.push_back(f.all ? 0 : f.nr);
    return frames;
}
using Cost = std::vector<uint64_t>;

TEST(FlushCount, FreshMapsNeedNone)
{
    Pv c;
    EXPECT_EQ(cost(c, {op_map(kBase, 0x300, 64), op_map(kBase + 600, 0x300, 64)}), Cost{});
}

TEST(FlushCount, OneRunIsOneBlock)
{
    Pv c;
    c.statuses({op_map(kBase, 0x200, 2048, kRead)});
    EXPECT_EQ(cost(c, {op_unmap(kBase)}), Cost{1});
    EXPECT_EQ(cost(c, {op_unmap(kBase + 4), op_unmap(kBase + 5), op_unmap(kBase + 6, 2)}), Cost{4});
    EXPECT_EQ(cost(c, {op_unmap(kBase + 10), op_unmap(kBase + 9), op_unmap(kBase + 8)}), Cost{4});
    EXPECT_EQ(cost(c, {op_unmap(kBase + 512, 512)}), Cost{512});
    EXPECT_EQ(cost(c, {op_unmap(kBase + 17, 3)}), Cost{4}) << "17..19 in 16..19";
}

TEST(FlushCount, ARunAcrossABoundaryIsTwoSmallBlocks)
{
    Pv c;
    c.statuses({op_map(kBase, 0x200, 2048, kRead)});
    EXPECT_EQ(cost(c, {op_unmap(kBase + 1023, 2)}), (Cost{1, 1}));
    EXPECT_EQ(cost(c, {op_unmap(kBase + 510, 3)}), (Cost{2, 1}));
    EXPECT_EQ(cost(c, {op_unmap(kBase + 127, 130)}), (Cost{256, 1})) << "127..255 in 0..255, and 256";
}

TEST(FlushCount, UpToFourRunsThenTheDomain)
{
    Pv c;
    c.statuses({op_map(kBase, 0x200, 2048, kRead)});
    std::vector<xen_iommu_op> four, five;
    for (unsigned i = 0; i < 5; i++) {
        if (i < 4)
            four.push_back(op_unmap(kBase + 16 * i));
        five.push_back(op_unmap(kBase + 256 + 16 * i));
    }
    EXPECT_EQ(cost(c, four), (Cost{1, 1, 1, 1}));
    EXPECT_EQ(cost(c, five), Cost{0});
}

TEST(FlushCount, DeferredUnmapsShareOne)
{
    Pv c;
    c.statuses({op_map(kBase, 0x200, 256, kRead)});
    std::vector<xen_iommu_op> ops;
    for (unsigned i = 0; i < 100; i++)
        ops.push_back(op_unmap(kBase + 2 * i, 1, kDefer));
    EXPECT_EQ(cost(c, ops), Cost{});
    EXPECT_EQ(cost(c, {op_flush(kBase, 256)}), Cost{256});
    EXPECT_EQ(c.usage().mapped, 156u);
}

TEST(FlushCount, CachingModeFlushesFreshMaps)
{
    Pv c({.caching_mode = true});
    EXPECT_EQ(cost(c, {op_map(kBase, 0x300, 8), op_map(kBase + 8, 0x310, 8)}), Cost{16});
    EXPECT_EQ(c.flushes[0].flags, world::config.amd ? IOMMU_FLUSHF_modified : IOMMU_FLUSHF_added);
    c.wind_up();
}

TEST(FlushFailure, HoldsEverythingUntilAFlushSucceeds)
{
    for (const bool generic : {false, true}) {
        Pv c({.generic = generic});
        EXPECT_EQ(c.op(op_map(kBase, 0x300, 8)), 0);
        c.flush_fails = [] { return true; };
        EXPECT_EQ(c.statuses({op_unmap(kBase, 2), op_unmap(kBase + 2, 1, kDefer), op_unmap(kBase + 99),
                              op_unmap(kBase + 4, 2)}),
                  (Statuses{-EIO, 0, -ENOENT, -EIO}));
        EXPECT_EQ(world::held(0x300), 1);
        EXPECT_EQ(c.op(op_map(kBase, 0x310)), -EBUSY) << "not usable";
        EXPECT_EQ(c.op(op_unmap(kBase)), -ENOENT);
        EXPECT_EQ(c.op(op_flush(kBase, 8)), -EIO);
        EXPECT_EQ(world::held(0x305), 1);
        c.flush_fails = nullptr;
        EXPECT_EQ(c.op(op_flush(kBase, 8)), 0);
        EXPECT_EQ(world::held(0x305), 0);
        EXPECT_EQ(c.op(op_map(kBase, 0x310, 3)), 0);
        c.wind_up();
    }
}

TEST(FlushFailure, IsOfNoOpInBetween)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 8)), 0);
    c.flush_fails = [] { return true; };
    EXPECT_EQ(c.statuses({op_unmap(kBase), op_unmap(kBase + 1), op_map(kBase + 16, 0x310), op_unmap(kBase + 2),
                          op_unmap(kBase + 9), op_unmap(kBase + 3)}),
              (Statuses{-EIO, -EIO, 0, -EIO, -ENOENT, -EIO}));
    c.flush_fails = nullptr;
    EXPECT_EQ(c.op(op_flush(kBase, 8)), 0);
    c.wind_up();
}

TEST(FlushFailure, OfOneRunIsTheWholeBatchs)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 64)), 0);
    c.flush_fails = nth(1);
    EXPECT_EQ(c.statuses({op_unmap(kBase), op_unmap(kBase + 8), op_unmap(kBase + 16)}), Statuses(3, -EIO));
    EXPECT_EQ(c.statuses({op_flush(kBase), op_flush(kBase + 8), op_flush(kBase + 16)}), Statuses(3, 0));
    c.wind_up();
}

TEST(Tag, IsRightForEveryVcpu)
{
    Pv c;
    for (unsigned vcpu : {0u, 1u, 2u, 1021u, 1022u, 1023u, 1024u, 2047u, 4095u, 8190u, 8191u}) {
        EXPECT_EQ(c.op(op_map(kBase, 0x300, 2)), 0);
        unsigned seen = 0;
        c.at_flush = [&] {
            unsigned tag = 0;
            EXPECT_TRUE(peek_is_pending(peek_entry(kBase), &tag));
            EXPECT_EQ(tag, vcpu + 1);
            EXPECT_EQ(peek_mfn(peek_entry(kBase + 1)), 0x301u);
            seen++;
        };
        EXPECT_EQ(c.op(op_unmap(kBase, 2), vcpu), 0);
        EXPECT_EQ(seen, 1u);
        c.at_flush = nullptr;
    }
    c.wind_up();
}

TEST(Tag, KeepsOthersFromSettling)
{
    // Another vCPU flushes, and unmaps, the very BFNs while our flush is under way.
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 4)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase + 2, 1, kDefer)), 0);
    bool once = false;
    c.at_flush = [&] {
        if (once)
            return;
        once = true;
        EXPECT_EQ(
            c.statuses({op_flush(kBase, 4), op_unmap(kBase + 3), op_map(kBase, 0x310), op_map(kBase + 3, 0x310)}, 1023),
            (Statuses{0, 0, -EBUSY, -EBUSY}));
        EXPECT_EQ(world::held(0x300), 1) << "ours to settle";
        EXPECT_EQ(world::held(0x302), 0) << "it was deferred";
        EXPECT_EQ(world::held(0x303), 0);
    };
    EXPECT_EQ(c.op(op_unmap(kBase, 2), 0), 0);
    EXPECT_EQ(world::held(0x300), 0);
    c.wind_up();
}

} // namespace
