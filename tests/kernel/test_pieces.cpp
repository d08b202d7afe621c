// SPDX-License-Identifier: GPL-2.0-only
//
// Runs of any length: a piece at a time, with interrupts on in between (the world
// itself checks the time with interrupts off), and still whole or not at all.
#include "fixture.h"

#include <algorithm>

using namespace world;

class Pieces : public Pv {
public:
    Pieces() : Pv({.high = 16ul * 512}) {}
    Device strict{PVIOMMU_STRICT}, lazy{PVIOMMU_LAZY}, reuse{PVIOMMU_REUSE};

    static unsigned long frames(const Sent &s, bool unmaps)
    {
        unsigned long n = 0;
        for (const xen_iommu_op &o : s.ops)
            n += (o.op == XEN_IOMMUOP_unmap) == unmaps ? o.u.range.nr : 0;
        return n;
    }
    void expect_pieces(unsigned long total, bool unmaps)
    {
        unsigned long sum = 0;
        for (const Sent &s : sent) {
            EXPECT_LE(frames(s, unmaps), PVIOMMU_PIECE);
            sum += frames(s, unmaps);
        }
        EXPECT_EQ(sum, total);
    }
    void expect_nothing()
    {
        EXPECT_EQ(cached(), 0u);
        EXPECT_EQ(handed_out(), 0u);
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
    }
    // Pages of a list without neighbours.
    static std::vector<Part> list(unsigned n)
    {
        std::vector<Part> parts;
        for (unsigned i = 0; i < n; i++)
            parts.push_back({16 + 2 * i % 2048, 1, i % 2});
        return parts;
    }
};

TEST_F(Pieces, ALongRun)
{
    for (const unsigned long nr : {512ul, 513ul, 1024ul, 1500ul, 3000ul}) {
        sent.clear();
        const Mapping m = strict.map(16, nr);
        ASSERT_TRUE(m);
        expect_pieces(nr, false);
        EXPECT_EQ(sent.size(), (nr + 511) / 512);
        sent.clear();
        EXPECT_EQ(strict.unmap(m), 0);
        expect_pieces(nr, true);
        EXPECT_EQ(sent.size(), (nr + 511) / 512);
    }
    expect_nothing();
}

TEST_F(Pieces, ContiguousMemory)
{
    make_contiguous();
    for (const unsigned long nr : {512ul, 513ul, 1500ul, 4000ul}) {
        sent.clear();
        const Mapping m = strict.map(16, nr);
        ASSERT_TRUE(m);
        expect_pieces(nr, false);
        EXPECT_EQ(strict.unmap(m), 0);
    }
    expect_nothing();
}

TEST_F(Pieces, TwoGibibytes)
{
    restart({.high = kMaxBfns});
    for (const unsigned long nr : {600ul << 8, 2048ul << 8}) {
        const Mapping m = strict.map_mmio(1u << 20, nr);
        ASSERT_TRUE(m) << nr;
        EXPECT_EQ(entry(m.bfn() + nr - 1).mfn, (1u << 20) + nr - 1);
        sent.clear();
        EXPECT_EQ(strict.unmap(m), 0);
        expect_pieces(nr, true);
    }
    EXPECT_FALSE(strict.map_mmio(1u << 20, PVIOMMU_DESC_MAX_NR + 1)) << "no run is longer";
    expect_nothing();
}

TEST_F(Pieces, AFailureTakesAllBack)
{
    for (unsigned n = 0; n < 12; n++) {
        hooks.op_fails = [n, maps = 0u](const xen_iommu_op &o) mutable {
            return o.op == XEN_IOMMUOP_map && maps++ == n * 8 ? -ENOSPC : 0;
        };
        EXPECT_FALSE(strict.map(16, 1500));
        hooks.op_fails = nullptr;
        expect_nothing();
    }
    for (const unsigned at : {16u, 527u, 528u, 1515u}) {
        restart({.high = 16ul * 512});
        set_absent(at);
        EXPECT_FALSE(strict.map(16, 1500));
        expect_nothing();
    }
}

TEST_F(Pieces, AFailureOfAListTakesAllBack)
{
    for (unsigned n = 0; n < 10; n++) {
        hooks.op_fails = [n, maps = 0u](const xen_iommu_op &o) mutable {
            return o.op != XEN_IOMMUOP_unmap && maps++ == n * 60 ? -ENOSPC : 0;
        };
        EXPECT_FALSE(strict.map_list(list(1400)));
        hooks.op_fails = nullptr;
        expect_nothing();
    }
    const Mapping m = strict.map_list(list(1400));
    ASSERT_TRUE(m);
    EXPECT_EQ(strict.unmap_list(m), 0);
    expect_nothing();
}

TEST_F(Pieces, WhatCannotBeTakenBackIsNeverUsedAgain)
{
    strict.faults = true;
    // The third piece fails, and so does the unmap of the second.
    hooks.op_fails = [](const xen_iommu_op &o) {
        if (o.op == XEN_IOMMUOP_unmap)
            return o.u.range.bfn % 1024 == 512 ? -EIO : 0;
        return o.u.map.bfn % 2048 >= 1024 ? -ENOMEM : 0;
    };
    EXPECT_FALSE(strict.map(16, 1500));
    hooks.op_fails = nullptr;
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 1500u);
    EXPECT_EQ(handed_out(), 2048u);
}

TEST_F(Pieces, AFailedPieceOfAnUnmapKeepsTheRun)
{
    strict.faults = true;
    for (const unsigned piece : {0u, 1u, 2u}) {
        restart({.high = 16ul * 512});
        const Mapping m = strict.map(16, 1500);
        ASSERT_TRUE(m);
        hooks.op_fails = [&](const xen_iommu_op &o) { return o.u.range.bfn == m.bfn() + 512ul * piece ? -EIO : 0; };
        EXPECT_EQ(strict.unmap(m), -EIO);
        hooks.op_fails = nullptr;
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 1500u);
        EXPECT_EQ(handed_out(), 2048u) << "and no other is left mapped";
        EXPECT_LE(cached(), 512u);
    }
}

// Long waiting runs leave in pieces, by the timer and by a request.
TEST_F(Pieces, LongRunsThatWait)
{
    // As many as the queue takes, within the tests' memory.
    constexpr unsigned end = std::min(8u, kQueue);
    for (const bool timer : {false, true}) {
        std::vector<Mapping> all;
        for (unsigned i = 1; i < end; i++) {
            all.push_back(lazy.map(512 * i, 300));
            ASSERT_TRUE(all.back());
        }
        for (const Mapping &m : all)
            EXPECT_EQ(lazy.unmap(m), 0);
        EXPECT_EQ(cached(), 300 * all.size());
        sent.clear();
        if (timer)
            pass_jiffies(msecs_to_jiffies(pviommu_params.wait_ms) + 1);
        else
            pviommu_queues_drain();
        expect_pieces(300 * all.size(), true);
        expect_nothing();
    }
}

TEST_F(Pieces, ManyThatIdle)
{
    for (const bool timer : {false, true}) {
        std::vector<Mapping> all;
        for (unsigned i = 0; i < 200; i++) {
            all.push_back(reuse.map(16 + 17 * i, 16)); // sets of their own
            ASSERT_TRUE(all.back());
        }
        sent.clear();
        for (const Mapping &m : all)
            EXPECT_EQ(reuse.unmap(m), 0);
        if (timer)
            pass_jiffies(2 * msecs_to_jiffies(pviommu_params.wait_ms) + 1);
        else
            pviommu_queues_drain();
        expect_pieces(3200, true);
        expect_nothing();
    }
}

// A length of 0 is a mistake of the driver's, no failure of the device's.
TEST_F(Pieces, ALengthOfNothing)
{
    for (Device *d : {&strict, &lazy, &reuse})
        for (const unsigned long offset : {0ul, 100ul})
            for (const unsigned again : {0u, 1u}) {
                const Mapping m = d->map(16 + again, 1, {.offset = offset, .empty = true});
                ASSERT_TRUE(m);
                EXPECT_EQ(d->unmap(m), 0);
            }
    pviommu_queues_drain();
    EXPECT_EQ(device_failures(), 0u);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u);
    EXPECT_EQ(counter(PVIOMMU_MAPS), counter(PVIOMMU_UNMAPS));
    expect_nothing();
}

// As far as the limit: behind the first chunk of its run.
TEST_F(Pieces, AlignmentBeyondAChunk)
{
    for (const unsigned long align : {512ul, 1024ul, 2048ul})
        for (const unsigned long pfn : {16ul, 511ul, 512ul, 700ul, 1023ul, 2040ul}) {
            const Mapping m = strict.map(pfn, 3, {.align = align});
            ASSERT_TRUE(m) << pfn << " modulo " << align;
            EXPECT_EQ(strict.unmap(m), 0);
        }
    expect_nothing();
}

// Each counted flush has flushed some BFNs.
TEST_F(Pieces, AFullBatchTakesNoneAlong)
{
    restart({.high = 16ul * 512, .max_ops = 4});
    for (unsigned i = 0; i < kRide; i++) {
        const Mapping m = lazy.map(2048 + 2 * i);
        ASSERT_TRUE(m);
        EXPECT_EQ(lazy.unmap(m), 0);
    }
    const uint64_t rides = counter(PVIOMMU_FLUSH_RIDE), flushes = counter(PVIOMMU_FLUSHES);
    const Mapping m = strict.map(16, 64); // four ops
    ASSERT_TRUE(m);
    EXPECT_EQ(counter(PVIOMMU_FLUSH_RIDE) - rides, counter(PVIOMMU_FLUSHES) - flushes);
    EXPECT_EQ(strict.unmap(m), 0);
}
