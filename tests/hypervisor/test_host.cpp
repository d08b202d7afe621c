// SPDX-License-Identifier: GPL-2.0-only
//
// The host map: drop and restore.
#include "fixture.h"

namespace {

const xen_iommu_op kDrop = op_plain(XEN_IOMMUOP_drop_host_map), kRestore = op_plain(XEN_IOMMUOP_restore_host_map);

uint32_t caps(Checker &c)
{
    std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query)};
    EXPECT_EQ(c.call(0, ops), 0);
    return ops[0].u.query.caps & XEN_IOMMUOP_CAP_host_map;
}

TEST(HostMap, GoesAndComesBack)
{
    for (const bool generic : {false, true}) {
        Bare c({.generic = generic});
        EXPECT_TRUE(caps(c));
        for (unsigned i = 0; i < 2; i++) {
            EXPECT_EQ(c.op_to_end(kDrop), 0);
            EXPECT_EQ(c.op_to_end(kDrop), 0) << "idempotent";
            EXPECT_FALSE(caps(c));
            EXPECT_FALSE(world::walk(0x300).present);
            EXPECT_TRUE(world::walk(world::kRmrr).present) << "reserved ranges of firmware stay";
            EXPECT_TRUE(world::walk(world::kRmrrRam).present) << "also in RAM";
            EXPECT_EQ(c.op_to_end(kRestore), 0);
            EXPECT_EQ(c.op_to_end(kRestore), 0) << "idempotent";
            EXPECT_TRUE(caps(c));
            EXPECT_FALSE(world::walk(world::kReadOnlyRam).write);
        }
        c.wind_up();
    }
}

TEST(HostMap, IsForgottenByTheIotlb)
{
    Bare c;
    for (uint64_t bfn : {0x0, 0x1, 0x300, 0x1000, 0x2fff})
        world::watch(bfn);
    EXPECT_EQ(c.op_to_end(kDrop), 0); // check_iotlb() looks
    EXPECT_EQ(world::iotlb().size(), 0u);
}

TEST(HostMap, EbusyWhileAClaimLiesThere)
{
    Bare c;
    EXPECT_EQ(c.op(op_claim(0x1800)), 0) << "a hole, before";
    EXPECT_EQ(c.op_to_end(kDrop), 0);
    EXPECT_EQ(c.op_to_end(kRestore), 0);
    EXPECT_EQ(c.op_to_end(kDrop), 0);
    EXPECT_EQ(c.op(op_claim(0x200)), 0);
    EXPECT_EQ(c.op(op_map(0x200, 0x300, 4)), 0);
    EXPECT_EQ(c.op(kRestore), -EBUSY);
    EXPECT_EQ(c.op(op_release(0x200, 512, kUnmapFirst)), 0);
    EXPECT_EQ(c.op_to_end(kRestore), 0);
    c.wind_up();
}

TEST(HostMap, ChangesPieceByPiece)
{
    Pv c;
    for (const xen_iommu_op &o : {kDrop, kRestore}) {
        unsigned pieces = 1;
        for (; c.op(o) == -EAGAIN; pieces++) {
            // Half way the map is not whole, in either direction.
            EXPECT_FALSE(caps(c));
            EXPECT_EQ(c.op(op_map(kBase, 0x300, 1, kRead | kYield), 1), 0);
            EXPECT_EQ(c.op(op_unmap(kBase), 1), 0);
        }
        EXPECT_EQ(pieces, (world::kFrames + 2047) / 2048);
        EXPECT_EQ(c.op(o), 0) << "idempotent";
    }
    c.wind_up();
}

TEST(HostMap, PiecesEndWhenOtherWorkWaits)
{
    for (const bool generic : {false, true}) {
        Bare c({.generic = generic});
        c.general_preempt = [] { return true; };
        for (const xen_iommu_op &o : {kDrop, kRestore}) {
            unsigned pieces = 1;
            while (c.op(o) == -EAGAIN)
                pieces++;
            EXPECT_EQ(pieces, world::kFrames / XEN_IOMMUOP_LEAST_PIECE);
        }
        c.wind_up();
    }
}

TEST(HostMap, PiecesOfOneCall)
{
    Bare c;
    EXPECT_EQ(c.statuses({kDrop, kDrop, kDrop, kDrop, kDrop, kDrop, kRestore, kDrop}),
              (Statuses{-EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, 0, -EAGAIN, -EAGAIN}));
    c.wind_up();
}

TEST(HostMap, TurnedRoundAfterEachPiece)
{
    for (const xen_iommu_op &there : {kDrop, kRestore})
        for (unsigned pieces = 1; pieces < 6; pieces++) {
            const xen_iommu_op &back = there.op == kDrop.op ? kRestore : kDrop;
            Pv c;
            if (there.op == kRestore.op)
                EXPECT_EQ(c.op_to_end(kDrop), 0);
            for (unsigned i = 0; i < pieces; i++)
                EXPECT_EQ(c.op(there), -EAGAIN);
            EXPECT_EQ(c.op_to_end(back, 1), 0);
            EXPECT_EQ(c.op_to_end(there), 0);
            c.wind_up();
        }
}

// Found by review: a second drop went through claims made meanwhile.
TEST(HostMap, DropLeavesAClaimAloneThatWasMadeDuringRestore)
{
    for (const bool generic : {false, true}) {
        Pv c({.generic = generic});
        EXPECT_EQ(c.op_to_end(kDrop), 0);
        EXPECT_EQ(c.op(kRestore), -EAGAIN);
        EXPECT_EQ(c.op(op_claim(0x2000, 512), 1), 0);
        EXPECT_EQ(c.op(op_map(0x2000, 0x300, 512, kRead), 1), 0);
        EXPECT_EQ(c.op(kRestore), -EBUSY);
        EXPECT_EQ(c.op_to_end(kDrop), 0);
        EXPECT_TRUE(world::walk(0x2001).present);
        EXPECT_EQ(world::held(0x301), 1);
        c.wind_up();
    }
}

// Found by review: nothing was left to unmap, so nothing was flushed.
TEST(HostMap, DropAfterAFailedFlushFlushes)
{
    for (unsigned fail = 0; fail < 3; fail++) {
        Bare c;
        for (uint64_t bfn = 0x1ff; bfn < world::kFrames; bfn += 0x400)
            world::watch(bfn);
        c.flush_fails = nth(fail);
        EXPECT_EQ(c.op_to_end(kDrop), -EIO);
        EXPECT_FALSE(caps(c));
        EXPECT_EQ(c.op_to_end(kDrop), 0);
        EXPECT_EQ(c.op_to_end(kRestore), 0);
        c.wind_up();
    }
}

// Found by the fuzzer: the claim's BFNs were still in the IOTLB.
TEST(HostMap, ClaimAfterAFailedFlushFlushes)
{
    Bare c;
    world::watch(0x200);
    c.flush_fails = nth(0);
    EXPECT_EQ(c.op(kDrop), -EIO);
    EXPECT_EQ(c.op(op_claim(0x200)), 0);
    EXPECT_EQ(c.op(op_map(0x200, 0x500)), 0);
    EXPECT_EQ(c.op_to_end(kDrop), 0);
    c.wind_up();
}

TEST(HostMap, WithoutMemoryAtEachAllocation)
{
    // Only the superpage with the reserved frames has to be split, and made again.
    for (unsigned fail = 0; fail < 8; fail++) {
        Bare c;
        EXPECT_EQ(c.op(op_plain(XEN_IOMMUOP_usage)), 0);
        c.alloc_fails = nth(fail);
        for (const xen_iommu_op &o : {kDrop, kRestore}) {
            const int rc = c.op_to_end(o);
            if (rc) {
                EXPECT_EQ(rc, -ENOMEM);
                EXPECT_EQ(c.op_to_end(o), 0) << "call again";
            }
        }
        c.wind_up();
    }
}

} // namespace
