// SPDX-License-Identifier: GPL-2.0-only
//
// Memory that is added at run time, and other changes of the map.
#include "fixture.h"

namespace {

// A hole, so far.
constexpr uint64_t kAdded = 0x1e00, kAddedEnd = 0x1e40;

const xen_iommu_op kDrop = op_plain(XEN_IOMMUOP_drop_host_map), kRestore = op_plain(XEN_IOMMUOP_restore_host_map);

int add(uint64_t first = kAdded, uint64_t end = kAddedEnd)
{
    domain *d = &world::dom(0);
    const int rc = iommu_op_memory_add(d, first, end);
    if (rc)
        return rc;
    for (uint64_t mfn = first; mfn < end; mfn++)
        EXPECT_EQ(iommu_op_host_map(d, mfn), 0);
    return 0;
}

unsigned mapped()
{
    unsigned n = 0;
    for (uint64_t mfn = kAdded; mfn < kAddedEnd; mfn++)
        n += world::walk(mfn).present && world::walk(mfn).mfn == mfn && world::walk(mfn).write;
    return n;
}

int to_end(const xen_iommu_op &o)
{
    xen_iommu_op op;
    do {
        op = o;
        world::hypercall(0, world::dom(0), 0, &op, 1);
    } while (op.status == -EAGAIN);
    return op.status;
}

int once(xen_iommu_op op)
{
    world::hypercall(0, world::dom(0), 0, &op, 1);
    return op.status;
}

TEST(HotAdd, BeforeTheFirstOpIsMapped)
{
    world::reset({});
    EXPECT_EQ(add(), 0);
    EXPECT_EQ(mapped(), kAddedEnd - kAdded);
    EXPECT_EQ(once(op_claim(kAdded / 512 * 512)), -EEXIST);
}

TEST(HotAdd, GoesAndComesWithTheHostMap)
{
    world::reset({});
    EXPECT_EQ(add(), 0);
    EXPECT_EQ(to_end(kDrop), 0);
    EXPECT_EQ(mapped(), 0u) << "all memory is gone";
    EXPECT_EQ(to_end(kRestore), 0);
    EXPECT_EQ(mapped(), kAddedEnd - kAdded);
}

TEST(HotAdd, WhileTheHostMapIsGone)
{
    world::reset({});
    EXPECT_EQ(to_end(kDrop), 0);
    EXPECT_EQ(add(), 0);
    EXPECT_EQ(mapped(), 0u);
    EXPECT_EQ(to_end(kRestore), 0);
    EXPECT_EQ(mapped(), kAddedEnd - kAdded);
}

// In either direction, and on either side of the place with the memory.
TEST(HotAdd, WhileTheHostMapChanges)
{
    for (unsigned pieces = 0; pieces < 6; pieces++)
        for (const bool drop : {true, false}) {
            world::reset({});
            EXPECT_EQ(drop ? 0 : to_end(kDrop), 0);
            for (unsigned i = 0; i < pieces; i++)
                EXPECT_EQ(once(drop ? kDrop : kRestore), -EAGAIN);
            EXPECT_EQ(add(), 0);
            EXPECT_EQ(to_end(drop ? kDrop : kRestore), 0);
            EXPECT_EQ(mapped(), drop ? 0u : kAddedEnd - kAdded) << pieces;
        }
}

// Found by review: Xen wrote into a leaf table, made a superpage, and freed the table.
TEST(HotAdd, IntoAClaimIsRefused)
{
    world::reset({});
    EXPECT_EQ(once(op_claim(kAdded / 512 * 512)), 0);
    EXPECT_EQ(add(), -EBUSY);
    EXPECT_EQ(add(kAdded - 1024, kAddedEnd), -EBUSY) << "its end";
    EXPECT_EQ(iommu_op_host_map(&world::dom(0), kAdded), -EBUSY);
    EXPECT_EQ(once(op_release(kAdded / 512 * 512)), 0);
    EXPECT_EQ(add(), 0);
}

TEST(HotAdd, ThatFailsIsForgotten)
{
    world::reset({});
    EXPECT_EQ(to_end(kDrop), 0);
    EXPECT_EQ(add(), 0);
    iommu_op_memory_remove(kAdded, kAddedEnd);
    EXPECT_EQ(to_end(kRestore), 0);
    EXPECT_EQ(mapped(), 0u);
}

TEST(Enter, KeepsOthersOutOfClaims)
{
    Pv c;
    domain *d = &world::dom(0);
    iommu_op_domain *state = nullptr;
    for (const auto &[bfn, nr] : {std::pair{kBase, 1ul}, {kBase + kBaseNr - 1, 1ul}, {kBase - 1, 2ul}, {0ul, ~0ul}})
        EXPECT_FALSE(iommu_op_enter(d, _dfn(bfn), nr, &state)) << bfn;
    for (const auto &[bfn, nr] : {std::pair{kBase - 1, 1ul}, {kBase + kBaseNr, 1ul}, {0ul, kBase}}) {
        EXPECT_TRUE(iommu_op_enter(d, _dfn(bfn), nr, &state)) << bfn;
        iommu_op_leave(state);
    }
    c.wind_up();
}

TEST(Enter, WithoutAState)
{
    world::reset({});
    iommu_op_domain *state = nullptr;
    EXPECT_TRUE(iommu_op_enter(&world::dom(0), _dfn(0), ~0ul, &state));
    iommu_op_leave(state);
}

} // namespace
