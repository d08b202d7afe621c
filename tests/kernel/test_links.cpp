// SPDX-License-Identifier: GPL-2.0-only
//
// Buffers of many segments (iova.c): one hypercall maps all links, one unmaps the run.
#include "fixture.h"

using namespace world;

class Links : public Pv {
public:
    Device strict{PVIOMMU_STRICT}, lazy{PVIOMMU_LAZY};

    static std::vector<unsigned long> pages(unsigned n)
    {
        std::vector<unsigned long> pfns;
        for (unsigned i = 0; i < n; i++)
            pfns.push_back(16 + 2 * i);
        return pfns;
    }
    // The first list op is refused.
    static std::function<int(const xen_iommu_op &)> no_list(int status)
    {
        return [first = nth(0), status](const xen_iommu_op &op) mutable {
            return op.op == XEN_IOMMUOP_map_list && first() ? status : 0;
        };
    }
    void expect_nothing()
    {
        EXPECT_EQ(cached(), 0u);
        EXPECT_EQ(handed_out(), 0u);
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
    }
};

TEST_F(Links, TwoHypercallsAndOneFlush)
{
    for (const unsigned n : {2u, 3u, 32u, 33u, 64u, 508u}) {
        sent.clear();
        const uint64_t flushes = counter(PVIOMMU_FLUSHES);
        dma_iova_state state = strict.alloc_links(n);
        const Mapping m = strict.map_links(state, pages(n));
        ASSERT_TRUE(m) << n;
        ASSERT_EQ(sent.size(), 1u) << n;
        EXPECT_EQ(counter(PVIOMMU_FLUSHES), flushes);
        strict.free_links(state);
        ASSERT_EQ(sent.size(), 2u) << n;
        ASSERT_EQ(sent[1].ops.size(), 1u);
        EXPECT_EQ(sent[1].ops[0].op, XEN_IOMMUOP_unmap);
        EXPECT_EQ(sent[1].ops[0].u.range.nr, n);
        EXPECT_EQ(counter(PVIOMMU_FLUSHES), flushes + 1);
        expect_nothing();
    }
    EXPECT_EQ(strict.counter(PVIOMMU_MAPS), 6u);
    EXPECT_EQ(strict.counter(PVIOMMU_UNMAPS), 6u);
}

TEST_F(Links, ASegmentOfManyPagesIsARun)
{
    dma_iova_state state = strict.alloc_links(24, 512);
    EXPECT_EQ(Device::link(state, 16, 0, 16 * PAGE_SIZE - 512), 0);
    EXPECT_EQ(Device::link(state, 64, 16 * PAGE_SIZE - 512, 8 * PAGE_SIZE), 0);
    ASSERT_EQ(pviommu_links_map(strict.get(), &state), 0);
    for (unsigned i = 0; i < 24; i++)
        EXPECT_EQ(entry((state.addr >> PAGE_SHIFT) + i).mfn, mfn_of(i < 16 ? 16 + i : 64 + i - 16));
    EXPECT_EQ(state.addr % PAGE_SIZE, 512u);
    strict.free_links(state);
    expect_nothing();
}

TEST_F(Links, HaveTheAccessOfTheBuffer)
{
    for (const bool write : {false, true}) {
        dma_iova_state state = strict.alloc_links(5);
        EXPECT_TRUE(strict.map_links(state, pages(5), write));
        strict.free_links(state);
    }
}

TEST_F(Links, WaitInLazyMode)
{
    dma_iova_state state = lazy.alloc_links(32);
    ASSERT_TRUE(lazy.map_links(state, pages(32)));
    sent.clear();
    lazy.free_links(state);
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(handed_out(), 32u);
}

TEST_F(Links, AreTakenBackUnmapped)
{
    for (const unsigned links : {0u, 1u, 3u}) {
        const dma_iova_state state = strict.alloc_links(4);
        for (unsigned i = 0; i < links; i++)
            EXPECT_EQ(Device::link(state, 16 + i, i * PAGE_SIZE, PAGE_SIZE), 0);
        strict.free_links(state);
        expect_nothing();
    }
    EXPECT_TRUE(sent.empty());
    // Other pages are linked in the same slots.
    dma_iova_state state = strict.alloc_links(4);
    ASSERT_TRUE(strict.map_links(state, {40, 33, 46, 35}));
    strict.free_links(state);
}

TEST_F(Links, RefuseASegmentOutOfPlace)
{
    const dma_iova_state state = strict.alloc_links(4, 256);
    EXPECT_EQ(Device::link(state, 16, 0, PAGE_SIZE - 256), 0);
    EXPECT_EQ(Device::link(state, 17, PAGE_SIZE, PAGE_SIZE), -EINVAL) << "in the middle of a page";
    EXPECT_EQ(pviommu_links_add(&state, 17 * PAGE_SIZE + 512, PAGE_SIZE - 256 + 512, 512, 3), -EINVAL)
        << "behind a gap in a page";
    EXPECT_EQ(Device::link(state, 17, PAGE_SIZE - 256, 4 * PAGE_SIZE), -EINVAL) << "longer than the buffer";
    EXPECT_EQ(Device::link(state, 17, 8 * PAGE_SIZE - 256, PAGE_SIZE), -EINVAL) << "behind the buffer";
    strict.free_links(state);
    expect_nothing();
}

TEST_F(Links, AreMappedWholeOrNotAtAll)
{
    // A page that was not linked; an op that Xen refuses.
    dma_iova_state state = strict.alloc_links(4);
    EXPECT_EQ(Device::link(state, 16, 0, PAGE_SIZE), 0);
    EXPECT_EQ(Device::link(state, 17, 2 * PAGE_SIZE, PAGE_SIZE), 0);
    EXPECT_EQ(pviommu_links_map(strict.get(), &state), -ENOMEM);
    strict.free_links(state);
    expect_nothing();

    shim_jiffies += HZ;
    state = strict.alloc_links(9);
    hooks.op_fails = no_list(-EPERM);
    EXPECT_FALSE(strict.map_links(state, pages(9)));
    hooks.op_fails = nullptr;
    const uint64_t errors = counter(PVIOMMU_ERRORS);
    strict.free_links(state);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), errors) << "the run was free already";
    expect_nothing();
}

// The buffer comes again, by segments, and must not meet the same failure for ever.
TEST_F(Links, ThereAreNoneForASecondAfterAFailure)
{
    dma_iova_state state = strict.alloc_links(9);
    hooks.op_fails = no_list(-EPERM);
    EXPECT_FALSE(strict.map_links(state, pages(9)));
    hooks.op_fails = nullptr;
    strict.free_links(state);
    EXPECT_EQ(strict.alloc_links(9).__size, 0u);
    shim_jiffies += HZ - 1;
    EXPECT_EQ(strict.alloc_links(9).__size, 0u);
    shim_jiffies++;
    state = strict.alloc_links(9);
    EXPECT_TRUE(strict.map_links(state, pages(9)));
    strict.free_links(state);
}

TEST_F(Links, AreOfAPieceAtMost)
{
    EXPECT_EQ(strict.alloc_links(PVIOMMU_PIECE + 1).__size, 0u);
    EXPECT_EQ(strict.alloc_links(0).__size, 0u);
    const dma_iova_state state = strict.alloc_links(PVIOMMU_PIECE);
    EXPECT_NE(state.__size, 0u);
    strict.free_links(state);
    expect_nothing();
}

// A buffer is freed once; the second call finds nothing of the driver's.
TEST_F(Links, AreFreedOnce)
{
    dma_iova_state state = strict.alloc_links(4);
    ASSERT_TRUE(strict.map_links(state, pages(4)));
    strict.free_links(state);
    strict.free_links(state);
    expect_nothing();
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 1u);
}

// Links are no mapping: nobody revokes them.
TEST_F(Links, AreNotRevoked)
{
    Device gone(PVIOMMU_STRICT);
    gone.set_owner(1);
    dma_iova_state state = gone.alloc_links(4);
    EXPECT_EQ(Device::link(state, 16, 0, 4 * PAGE_SIZE), 0);
    EXPECT_EQ(gone.revoke().runs, 0u);
    ASSERT_EQ(pviommu_links_map(gone.get(), &state), 0);
    EXPECT_EQ(gone.revoke().runs, 1u);
    gone.free_links(state);
    expect_nothing();
}
