// SPDX-License-Identifier: GPL-2.0-only
//
// Batches: runs of maps or unmaps that succeed, and that fail.
#include "fixture.h"

using namespace world;

class Batch : public Pv {
public:
    explicit Batch(const Config &c = {}) : Pv(c) {}
    Device strict{PVIOMMU_STRICT};
    // The first call since `sent` was cleared is one list of n scattered pages.
    void expect_one_list(unsigned n) const
    {
        ASSERT_EQ(sent.size(), 1u);
        ASSERT_EQ(sent[0].ops.size(), 1u) << n;
        EXPECT_EQ(sent[0].ops[0].op, XEN_IOMMUOP_map_list);
        EXPECT_EQ(sent[0].ops[0].u.list.nr, n);
        EXPECT_EQ(sent[0].slots, 1 + (n + 3) / 4);
    }
    // The n-th op of that kind has that status.
    static std::function<int(const xen_iommu_op &)> fail_nth(unsigned op, unsigned n, int status)
    {
        return [=, left = n](const xen_iommu_op &o) mutable { return o.op == op && left-- == 0 ? status : 0; };
    }
};
class FourOps : public Batch {
public:
    FourOps() : Batch({.max_ops = 4}) {}
};
class OneOp : public Batch {
public:
    OneOp() : Batch({.max_ops = 1}) {}
};
class EightFrames : public Batch {
public:
    EightFrames() : Batch({.max_frames = 8}) {}
};

TEST_F(Batch, NeighboursAreOneOp)
{
    // The P2M is in pieces of 16 frames.
    for (const auto &[pfn, nr, ops] : {std::tuple{16u, 1u, 1u}, {16, 16, 1}, {16, 17, 2}, {24, 16, 2}, {16, 64, 4}}) {
        sent.clear();
        const Mapping m = strict.map(pfn, nr);
        ASSERT_TRUE(m);
        ASSERT_EQ(sent.size(), 1u);
        EXPECT_EQ(sent[0].count(XEN_IOMMUOP_map), ops) << nr << " pages at " << pfn;
        EXPECT_EQ(strict.unmap(m), 0);
        ASSERT_EQ(sent.size(), 2u);
        EXPECT_EQ(sent[1].count(XEN_IOMMUOP_unmap), 1u);
    }
}

TEST_F(Batch, OtherAccessOrOwnerIsAnotherOp)
{
    set_foreign(33, 5);
    sent.clear();
    const Mapping m = strict.map(32, 3);
    ASSERT_TRUE(m);
    ASSERT_EQ(sent[0].ops.size(), 3u);
    EXPECT_EQ(sent[0].ops[0].u.map.domid, DOMID_SELF);
    EXPECT_EQ(sent[0].ops[1].u.map.domid, 5u);
    EXPECT_EQ(sent[0].ops[2].u.map.domid, DOMID_SELF);
    EXPECT_EQ(strict.unmap(m), 0);
    const Mapping read = strict.map(48, 2, {.write = false});
    EXPECT_TRUE(read);
    EXPECT_EQ(strict.unmap(read), 0);
    // Two parts of a list: neighbours in memory, but not in the run.
    sent.clear();
    const Mapping list = strict.map_list({{64, 2}, {66, 2, 1}});
    ASSERT_TRUE(list);
    EXPECT_EQ(sent[0].ops.size(), 2u);
    EXPECT_EQ(strict.unmap_list(list), 0);
}

// Single pages without neighbours.
static std::vector<Part> scattered(unsigned n)
{
    std::vector<Part> parts;
    for (unsigned i = 0; i < n; i++)
        parts.push_back({16 + 2 * i, 1});
    return parts;
}

TEST_F(Batch, ScatteredPagesAreOneList)
{
    for (const unsigned n : {2u, 3u, 4u, 5u, 8u, 9u, 100u}) {
        sent.clear();
        const Mapping m = strict.map_list(scattered(n));
        ASSERT_TRUE(m);
        expect_one_list(n);
        EXPECT_EQ(strict.unmap_list(m), 0);
        EXPECT_EQ(sent[1].ops.size(), 1u);
    }
    EXPECT_EQ(counter(PVIOMMU_OPS), 14u);
}

TEST_F(Batch, AFullListHas508Frames)
{
    const Mapping m = strict.map_list(scattered(509));
    ASSERT_TRUE(m);
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].ops[0].u.list.nr, unsigned{XEN_IOMMUOP_MAX_LIST});
    EXPECT_EQ(sent[0].slots, 128u);
    EXPECT_EQ(sent[1].ops[0].op, XEN_IOMMUOP_map);
    EXPECT_EQ(strict.unmap_list(m), 0);
}

TEST_F(Batch, AListEndsWhereAnythingIsDifferent)
{
    set_foreign(50, 5);
    const std::tuple<std::vector<Part>, std::vector<unsigned>> cases[] = {
        // A gap; a run; another owner's frame.
        {{{16, 1}, {32, 1}, {48, 1, 1}}, {XEN_IOMMUOP_map_list, XEN_IOMMUOP_map}},
        {{{16, 1}, {32, 1}, {64, 16}, {96, 1}, {112, 1}},
         {XEN_IOMMUOP_map_list, XEN_IOMMUOP_map, XEN_IOMMUOP_map_list}},
        {{{16, 1}, {32, 1}, {50, 1}, {64, 1}}, {XEN_IOMMUOP_map_list, XEN_IOMMUOP_map, XEN_IOMMUOP_map}},
        {{{50, 1}, {64, 1}, {96, 1}}, {XEN_IOMMUOP_map, XEN_IOMMUOP_map_list}},
        // Neighbours are a run, and a list takes the rest.
        {{{16, 1}, {17, 1}, {32, 1}, {48, 1}, {49, 1}}, {XEN_IOMMUOP_map, XEN_IOMMUOP_map_list}},
    };
    for (const auto &[parts, ops] : cases) {
        sent.clear();
        const Mapping m = strict.map_list(parts);
        ASSERT_TRUE(m);
        ASSERT_EQ(sent.size(), 1u);
        std::vector<unsigned> got;
        for (const xen_iommu_op &o : sent[0].ops)
            got.push_back(o.op);
        EXPECT_EQ(got, ops);
        EXPECT_EQ(strict.unmap_list(m), 0);
    }
}

static std::vector<unsigned long> pages(unsigned n)
{
    std::vector<unsigned long> pfns;
    for (unsigned i = 0; i < n; i++)
        pfns.push_back(16 + 2 * i);
    return pfns;
}

TEST_F(Batch, AListOfPagesIsOneOp)
{
    for (const unsigned n : {2u, 508u, 3u, 4u, 5u, 8u, 9u, 507u}) {
        sent.clear();
        const Mapping m = strict.map_pages(pages(n));
        ASSERT_TRUE(m) << n;
        expect_one_list(n);
        EXPECT_EQ(strict.unmap(m), 0);
        ASSERT_EQ(sent.size(), 2u);
        ASSERT_EQ(sent[1].ops.size(), 1u);
        EXPECT_EQ(sent[1].ops[0].u.range.nr, n);
    }
    EXPECT_FALSE(strict.map_pages(pages(509)));
    const Mapping read = strict.map_pages(pages(3), false);
    EXPECT_TRUE(read);
    EXPECT_EQ(strict.unmap(read), 0);
}

TEST_F(FourOps, AListOfPagesFits)
{
    const Mapping m = strict.map_pages(pages(12));
    ASSERT_TRUE(m);
    EXPECT_EQ(strict.unmap(m), 0);
    EXPECT_FALSE(strict.map_pages(pages(13)));
}

TEST_F(Batch, AFailedListOfPagesIsNotMapped)
{
    hooks.op_fails = fail_nth(XEN_IOMMUOP_map_list, 0, -ENOSPC);
    EXPECT_FALSE(strict.map_pages(pages(30)));
    EXPECT_EQ(cached(), 0u);
    EXPECT_EQ(handed_out(), 0u);
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
}

// Waiting unmaps go along, behind the list.
TEST_F(Batch, AListOfPagesTakesUnmapsAlong)
{
    Device lazy(PVIOMMU_LAZY);
    for (unsigned i = 0; i < PVIOMMU_QUEUE_RIDE; i++) {
        const Mapping m = lazy.map(16 + 2 * i, 1);
        ASSERT_TRUE(m);
        EXPECT_EQ(lazy.unmap(m), 0);
    }
    sent.clear();
    const Mapping m = strict.map_pages(pages(9));
    ASSERT_TRUE(m);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].ops[0].op, XEN_IOMMUOP_map_list);
    EXPECT_GT(sent[0].count(XEN_IOMMUOP_unmap), 0u);
    EXPECT_EQ(strict.unmap(m), 0);
}

TEST_F(FourOps, AListEndsWithItsBatch)
{
    const Mapping m = strict.map_list(scattered(30));
    ASSERT_TRUE(m);
    ASSERT_EQ(sent.size(), 3u);
    for (const auto &[call, frames] : {std::pair{0u, 12u}, {1, 12}, {2, 6}})
        EXPECT_EQ(sent[call].ops[0].u.list.nr, frames);
    EXPECT_EQ(strict.unmap_list(m), 0);
}

TEST_F(FourOps, AFailedListOpIsTakenBack)
{
    for (const int status : {-EIO, -EBUSY})
        for (unsigned n = 0; n < 3; n++) {
            hooks.op_fails = fail_nth(XEN_IOMMUOP_map_list, n, status);
            EXPECT_FALSE(strict.map_list(scattered(30)));
            hooks.op_fails = nullptr;
            EXPECT_EQ(cached(), 0u) << "list " << n;
            EXPECT_EQ(handed_out(), 0u) << "list " << n;
        }
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
}

TEST_F(Batch, AListIsTakenBackWhenWhatIsBehindItFails)
{
    std::vector<Part> parts = scattered(10);
    parts.push_back({64, 16});
    hooks.op_fails = fail_nth(XEN_IOMMUOP_map, 0, -ENOSPC);
    EXPECT_FALSE(strict.map_list(parts));
    hooks.op_fails = nullptr;
    EXPECT_EQ(cached(), 0u);
    EXPECT_EQ(sent.back().ops.size(), 1u);
    EXPECT_EQ(sent.back().ops[0].u.range.nr, 10u) << "by one op";
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
}

TEST_F(OneOp, HasNoLists)
{
    const Mapping m = strict.map_list(scattered(5));
    ASSERT_TRUE(m);
    EXPECT_EQ(sent.size(), 5u);
    for (const Sent &s : sent)
        EXPECT_EQ(s.ops[0].op, XEN_IOMMUOP_map);
    EXPECT_EQ(strict.unmap_list(m), 0);
    EXPECT_FALSE(strict.map_pages(pages(2)));
}

TEST_F(EightFrames, AListCanBeUndoneByOneOp)
{
    // As a process' array, without pieces.
    pviommu_xen.piece = PVIOMMU_PIECE;
    const Mapping m = strict.map_list(scattered(20));
    ASSERT_TRUE(m);
    ASSERT_EQ(sent[0].ops.size(), 3u);
    EXPECT_EQ(sent[0].ops[0].u.list.nr, 8u);
    set_max_frames(8);
    EXPECT_EQ(strict.unmap_list(m), 0);
    const Mapping most = strict.map_pages(pages(8));
    EXPECT_TRUE(most);
    EXPECT_EQ(strict.unmap(most), 0);
    EXPECT_FALSE(strict.map_pages(pages(9)));
}

TEST_F(EightFrames, AnOpHasItsLimit)
{
    pviommu_xen.piece = PVIOMMU_PIECE;
    const Mapping list = strict.map_list({{64, 6}, {70, 6}, {90, 1, 1}});
    EXPECT_EQ(sent[0].ops.size(), 3u);
    EXPECT_EQ(strict.unmap_list(list), 0);
    EXPECT_EQ(sent.back().ops.size(), 3u);
}

TEST_F(FourOps, FullBatchesFollowEachOther)
{
    for (unsigned pages = 16; pages <= 16 * 13; pages += 16) {
        sent.clear();
        const Mapping m = strict.map(16, pages);
        ASSERT_TRUE(m);
        EXPECT_EQ(sent.size(), (pages / 16 + 3) / 4);
        EXPECT_EQ(strict.unmap(m), 0);
    }
    // Unmaps of a list with gaps do not join.
    std::vector<Part> parts;
    for (unsigned i = 0; i < 9; i++)
        parts.push_back({16 + 2 * i, 1, 1});
    const Mapping list = strict.map_list(parts);
    ASSERT_TRUE(list);
    sent.clear();
    EXPECT_EQ(strict.unmap_list(list), 0);
    EXPECT_EQ(sent.size(), 3u);
}

TEST_F(FourOps, AFailedRunIsTakenBack)
{
    for (const int status : {-EIO, -ENOSPC})
        for (unsigned n = 0; n < 11; n++) {
            const unsigned long failures = device_failures();
            hooks.op_fails = fail_nth(XEN_IOMMUOP_map, n, status);
            EXPECT_FALSE(strict.map(16, 176));
            hooks.op_fails = nullptr;
            EXPECT_EQ(cached(), 0u) << "op " << n;
            EXPECT_EQ(handed_out(), 0u) << "op " << n;
            EXPECT_EQ(device_failures(), failures + 1);
        }
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
}

// An IOMMU that caches absent entries: the map exists, its flush failed.
TEST_F(Batch, AMapThatNoDeviceSeesIsTakenBack)
{
    for (const unsigned pages : {1u, 3u}) {
        hooks.op_fails = fail_nth(XEN_IOMMUOP_map, 0, -EIO);
        EXPECT_FALSE(strict.map(16, pages));
        hooks.op_fails = nullptr;
        EXPECT_EQ(cached(), 0u);
        EXPECT_EQ(handed_out(), 0u);
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
    }
}

TEST_F(FourOps, AFailedListIsTakenBack)
{
    std::vector<Part> parts;
    for (unsigned i = 0; i < 11; i++)
        parts.push_back({16 + 16 * i, 1 + i % 3, i % 2});
    for (unsigned n = 0; n < 11; n++) {
        hooks.op_fails = fail_nth(XEN_IOMMUOP_map, n, -ENOSPC);
        EXPECT_FALSE(strict.map_list(parts));
        hooks.op_fails = nullptr;
        EXPECT_EQ(cached(), 0u) << "op " << n;
        EXPECT_EQ(handed_out(), 0u) << "op " << n;
    }
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u) << "gaps are no failures";
}

TEST_F(FourOps, AFrameThatIsNoneEndsTheRun)
{
    for (const unsigned at : {16u, 17u, 40u, 100u, 180u}) {
        restart({.max_ops = 4});
        const unsigned long failures = device_failures();
        set_absent(at);
        EXPECT_FALSE(strict.map(16, 176));
        EXPECT_EQ(cached(), 0u);
        EXPECT_EQ(handed_out(), 0u);
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
        EXPECT_EQ(device_failures(), failures) << "the fault is the page's";
    }
}

// Nor does a page that Xen will not map for dom0; all else counts.
TEST_F(Batch, ThePagesFaultIsNotTheDevices)
{
    for (const auto &[status, failures] : {std::pair{-ENXIO, 0u}, {-EPERM, 0u}, {-ENOSPC, 1u}, {-EIO, 1u}}) {
        const unsigned long before = device_failures();
        hooks.op_fails = fail_nth(XEN_IOMMUOP_map, 0, status);
        EXPECT_FALSE(strict.map(16));
        hooks.op_fails = nullptr;
        EXPECT_EQ(device_failures() - before, failures) << status;
    }
}

TEST_F(Batch, PersistentMemoryIsMappedAsMmio)
{
    set_identity(17);
    set_identity(18);
    Device lazy(PVIOMMU_LAZY);
    const Mapping m = lazy.map(16, 4), one = lazy.map(17);
    ASSERT_TRUE(m && one);
    ASSERT_EQ(sent[0].ops.size(), 3u);
    EXPECT_EQ(sent[0].ops[0].flags, XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write | XEN_IOMMUOP_MAP_yield);
    EXPECT_EQ(sent[0].ops[1].flags, XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write | XEN_IOMMUOP_MAP_mmio);
    EXPECT_EQ(sent[0].ops[1].u.map.nr, 2u);
    EXPECT_EQ(lazy.unmap(m), 0);
    EXPECT_EQ(lazy.unmap(one), 0);
    EXPECT_EQ(entry(one.bfn()).cached, false) << "it never waits";
}

TEST_F(FourOps, WhatIsNotTakenBackIsNeverUsedAgain)
{
    strict.faults = true;
    for (const unsigned first : {2u, 7u}) {
        hooks.op_fails = [n = 0u, first](const xen_iommu_op &o) mutable {
            if (o.op == XEN_IOMMUOP_map)
                return n++ == first ? -ENOSPC : 0;
            return -EIO;
        };
        EXPECT_FALSE(strict.map(16, 176));
        hooks.op_fails = nullptr;
        EXPECT_GT(cached(), 0u);
        for (uint64_t bfn = kHigh; bfn < kHigh + config.high; bfn++)
            if (entry(bfn).cached)
                EXPECT_TRUE(is_handed_out(bfn));
    }
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 352u);
}

TEST_F(FourOps, OneEarlierFrameIsNotTakenBack)
{
    // The second call fails; the maps of the first are undone frame by frame, but for one.
    strict.faults = true;
    hooks.op_fails = [maps = 0u, frames = 0u](const xen_iommu_op &o) mutable {
        if (o.op == XEN_IOMMUOP_map)
            return maps++ == 4 ? -ENOSPC : 0;
        return o.u.range.nr == 1 && frames++ == 20 ? -EIO : 0;
    };
    EXPECT_FALSE(strict.map(16, 128));
    hooks.op_fails = nullptr;
    EXPECT_EQ(cached(), 1u);
    EXPECT_EQ(handed_out(), 128u);
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 128u);
}

TEST_F(Batch, AFailedCallLeavesNothingKnown)
{
    strict.faults = true;
    unsigned long leaked = 0;
    for (const Call fate : {Call::FailsBefore, Call::FailsAfter}) {
        hooks.call_fails = [fate] { return fate; };
        EXPECT_FALSE(strict.map(16, 3));
        hooks.call_fails = nullptr;
        EXPECT_EQ(counter(PVIOMMU_LEAKED), leaked += 3);
        const Mapping m = strict.map(32, 2);
        ASSERT_TRUE(m);
        hooks.call_fails = [fate] { return fate; };
        EXPECT_EQ(strict.unmap(m), -EIO);
        hooks.call_fails = nullptr;
        EXPECT_EQ(counter(PVIOMMU_LEAKED), leaked += 2);
        EXPECT_TRUE(is_handed_out(m.bfn()));
    }
}

TEST_F(Batch, AFailedUnmapIsNeverUsedAgain)
{
    strict.faults = true;
    const Mapping m = strict.map(16, 2);
    hooks.op_fails = fail_nth(XEN_IOMMUOP_unmap, 0, -EIO);
    EXPECT_EQ(strict.unmap(m), -EIO);
    hooks.op_fails = nullptr;
    EXPECT_TRUE(is_handed_out(m.bfn()));
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 2u);
    Device other(PVIOMMU_STRICT);
    Mapping base;
    base.addr = 0x1000;
    EXPECT_EQ(other.unmap(base), -ENOENT) << "the base ops made it";
}

TEST_F(Batch, OneBfnInUse)
{
    strict.faults = true;
    for (const int first : {0, -ENOSPC}) {
        // Where the next run will be: op 0 has 16 frames, op 1 the rest.
        const uint64_t bfn = alloc(5);
        free(bfn, 5);
        plant(bfn + 20, 0);
        hooks.op_fails = fail_nth(XEN_IOMMUOP_map, 0, first);
        EXPECT_FALSE(strict.map(16, 32));
        hooks.op_fails = nullptr;
        EXPECT_TRUE(is_handed_out(bfn)) << "first status " << first;
        EXPECT_FALSE(entry(bfn).cached);
        EXPECT_TRUE(entry(bfn + 20).mapped) << "another mapping is untouched";
    }
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 64u);
}

TEST_F(Batch, MmioGoesByItsMachineAddress)
{
    const Mapping m = strict.map_mmio(kPages + 100, 3);
    ASSERT_TRUE(m);
    EXPECT_EQ(entry(m.bfn() + 2).mfn, kPages + 102);
    EXPECT_EQ(sent.back().ops[0].flags, XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write | XEN_IOMMUOP_MAP_mmio);
    EXPECT_EQ(strict.unmap(m), 0);
}

TEST_F(Batch, NarrowDevicesGetTheLowWindow)
{
    const Mapping m = strict.map(16, 4, {.limit = 0xffffffff});
    ASSERT_TRUE(m);
    EXPECT_LT(m.addr, 1ull << 32);
    EXPECT_EQ(strict.unmap(m), 0);
    EXPECT_FALSE(strict.map(16, 4, {.limit = 0xffffff}));
    const Mapping aligned = strict.map(19, 3, {.align = 8, .offset = 17});
    ASSERT_TRUE(aligned);
    EXPECT_EQ(strict.unmap(aligned), 0);
}

TEST_F(Batch, NoMemoryForBatchesAndQueues)
{
    restart({.start = false});
    for (unsigned n = 0;; n++) {
        hooks.alloc_fails = nth(n);
        const int err = pviommu_batches_init();
        hooks.alloc_fails = nullptr;
        if (!err) {
            EXPECT_EQ(n, unsigned{NR_CPUS});
            break;
        }
        EXPECT_EQ(err, -ENOMEM);
        EXPECT_EQ(allocations(), 0u);
    }
    for (unsigned n = 0; n < 3; n++) {
        const unsigned long before = allocations();
        hooks.alloc_fails = n < 2 ? nth(n) : nullptr;
        hooks.cpuhp_fails = [n] { return n == 2; };
        EXPECT_EQ(pviommu_queues_init(), n < 2 ? -ENOMEM : -ENOSPC);
        hooks.alloc_fails = nullptr;
        EXPECT_EQ(allocations(), before);
    }
    pviommu_batches_exit();
}
