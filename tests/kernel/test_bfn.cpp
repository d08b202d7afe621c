// SPDX-License-Identifier: GPL-2.0-only
//
// The allocator: runs, magazines, depot, chunks, and frees.
#include "fixture.h"

using namespace world;

class Small : public Pv {
public:
    Small() : Pv({.high = 2048}) {}
};
class Single : public Pv {
public:
    Single() : Pv({.high = 512}) {}
};
class Big : public Pv {
public:
    Big() : Pv({.high = 256ul * 512}) {}
};

static unsigned capacity(unsigned order) { return std::max(kMagazine >> std::min(order, 4u), 2u); }

TEST_F(Big, EveryOrderIsAligned)
{
    // The books in xen.cpp look at alignment, bounds and overlaps.
    for (unsigned round = 0; round < 2; round++) {
        std::vector<std::pair<uint64_t, unsigned>> all;
        const uint64_t largest = alloc(16);
        ASSERT_NE(largest, kNone);
        free(largest, 16);
        for (unsigned order = 16; order-- > 0;) {
            const uint64_t bfn = alloc(order);
            ASSERT_NE(bfn, kNone) << "order " << order;
            all.emplace_back(bfn, order);
        }
        for (const auto &[bfn, order] : all)
            free(bfn, order);
        reclaim_all();
    }
    EXPECT_EQ(bfn_in_use(&high()), 0);
}

TEST_F(Small, EveryOrderFillsTheWindow)
{
    for (unsigned order = 0; order <= 11; order++) {
        const std::vector<uint64_t> all = exhaust(order);
        EXPECT_EQ(all.size(), 2048u >> order) << "order " << order;
        EXPECT_EQ(bfn_in_use(&high()), 2048);
        EXPECT_EQ(alloc(0), kNone);
        for (const uint64_t bfn : all)
            free(bfn, order);
        reclaim_all();
    }
}

TEST_F(Small, ReclaimLeavesNoIdleChunk)
{
    for (const uint64_t bfn : exhaust(3))
        free(bfn, 3);
    reclaim_all();
    grace_period();
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(high().chunk[i], nullptr);
    EXPECT_EQ(high().nr_partial, 0u);
    EXPECT_NE(alloc(11), kNone) << "the whole window as one run";
    free(kHigh, 11);
}

TEST_F(Small, RandomRunsOnAllCpus)
{
    std::mt19937 random(1);
    std::vector<std::pair<uint64_t, unsigned>> all;
    for (unsigned i = 0; i < 20000; i++) {
        const unsigned cpu = random() % NR_CPUS;
        if (all.empty() || random() % 2) {
            const unsigned order = std::min(random() % 12, random() % 12);
            const uint64_t bfn = alloc_on(cpu, order);
            if (bfn != kNone)
                all.emplace_back(bfn, order);
        } else {
            std::swap(all[random() % all.size()], all.back());
            free_on(cpu, all.back().first, all.back().second);
            all.pop_back();
        }
        if (random() % 512 == 0)
            as_cpu(cpu, [] { irqs_off([] { bfn_reclaim(&pviommu_high.bfns); }); });
        if (random() % 512 == 0) {
            cpu_down(kDead);
            cpu_up(kDead);
        }
    }
    for (const auto &[bfn, order] : all)
        free_on(1, bfn, order);
    reclaim_all();
    EXPECT_EQ(exhaust(0).size(), 2048u) << "none is lost";
    for (uint64_t bfn = kHigh; bfn < kHigh + 2048; bfn++)
        free(bfn, 0);
}

TEST_F(Small, FreedElsewhereComesBack)
{
    // Orders without a magazine: straight to a chunk of another CPU, or a full chunk.
    for (const unsigned order : {6u, 7u, 8u}) {
        const std::vector<uint64_t> all = exhaust(order);
        for (const uint64_t bfn : all)
            free_on(1, bfn, order);
        std::vector<uint64_t> again;
        for (size_t i = 0; i < all.size(); i++)
            again.push_back(alloc_on(2, order));
        EXPECT_EQ(std::count(again.begin(), again.end(), kNone), 0) << "order " << order;
        for (const uint64_t bfn : again)
            free_on(3, bfn, order);
        reclaim_all();
    }
}

TEST_F(Single, FullChunkIsListedByItsFirstFree)
{
    const uint64_t a = alloc(8), b = alloc(8);
    EXPECT_EQ(alloc(8), kNone); // disowns it, full
    EXPECT_EQ(chunk_of(a)->state, BFN_CHUNK_FULL);
    EXPECT_EQ(high().nr_partial, 0u);
    free_on(1, a, 8);
    EXPECT_EQ(chunk_of(a)->state, BFN_CHUNK_LISTED);
    EXPECT_EQ(high().nr_partial, 1u);
    free_on(2, b, 8);
    EXPECT_EQ(high().nr_partial, 1u);
    EXPECT_NE(alloc_on(3, 8), kNone);
    EXPECT_NE(alloc_on(3, 8), kNone);
    free(a, 8);
    free(b, 8);
}

TEST_F(Big, IdleChunksAreReturned)
{
    // 256 chunks at once; without a reclaim few of them stay.
    const unsigned long before = allocations();
    const std::vector<uint64_t> all = exhaust(8);
    EXPECT_EQ(all.size(), 256ul * 512 / 256);
    EXPECT_GE(allocations(), before + 512);
    for (const uint64_t bfn : all)
        free_on(1, bfn, 8);
    grace_period();
    EXPECT_LE(allocations(), before + 60);
    EXPECT_EQ(exhaust(8).size(), all.size()) << "and they grow again";
    for (const uint64_t bfn : all)
        free(bfn, 8);
}

TEST_F(Big, ChunksAreTakenFromTheLowEnd)
{
    EXPECT_EQ(alloc(8), kHigh);
    EXPECT_EQ(alloc_on(1, 8), kHigh + 512);
    free(kHigh, 8);
    free(kHigh + 512, 8);
}

TEST_F(Big, LargeRunsFitIntoHoles)
{
    // The window starts at a multiple of 64 chunks, so a run of 128 lies from the 64th on.
    const uint64_t big = alloc(16);
    EXPECT_EQ(big, kHigh + 32768);
    EXPECT_EQ(alloc(16), kNone);
    const std::vector<uint64_t> rest = exhaust(9);
    EXPECT_EQ(rest.size(), 128u);
    free(big, 16);
    EXPECT_EQ(exhaust(10).size(), 64u);
    for (uint64_t bfn = big; bfn < big + 65536; bfn += 1024)
        free(bfn, 10);
    for (const uint64_t bfn : rest)
        free(bfn, 9);
    EXPECT_EQ(alloc(16), big);
    free(big, 16);
}

TEST_F(Small, CookieIsThere)
{
    irqs_off([] { EXPECT_EQ(bfn_slot(&high(), kHigh + 1000), nullptr) << "nothing is allocated there"; });
    const uint64_t bfn = alloc(3), large = alloc(9);
    irqs_off([&] {
        ASSERT_NE(bfn_slot(&high(), bfn), nullptr);
        for (unsigned i = 0; i < 8; i++)
            *bfn_slot(&high(), bfn + i) = i + 1;
        *bfn_slot(&high(), large) = 99;
    });
    free_on(2, alloc_on(1, 8), 8);
    irqs_off([&] {
        for (unsigned i = 0; i < 8; i++) {
            EXPECT_EQ(*bfn_slot(&high(), bfn + i), i + 1);
            *bfn_slot(&high(), bfn + i) = 0;
        }
        EXPECT_EQ(*bfn_slot(&high(), large), 99u);
        *bfn_slot(&high(), large) = 0;
    });
    free(bfn, 3);
    free(large, 9);
}

TEST_F(Small, ReclaimedBfnsAscend)
{
    // So neighbours stay neighbours: the last of a magazine is the lowest.
    for (uint64_t i = 0; i < 4; i++)
        EXPECT_EQ(alloc(0), kHigh + i);
    for (uint64_t i = 0; i < 4; i++)
        free(kHigh + i, 0);
}

TEST_F(Small, DeadCpuLeavesNothing)
{
    for (const unsigned order : {0u, 5u}) {
        std::vector<uint64_t> all;
        as_cpu(kDead, [&] { all = exhaust(order); });
        as_cpu(kDead, [&] {
            for (const uint64_t bfn : all)
                free(bfn, order);
        });
        EXPECT_LT(exhaust(order).size(), all.size());
        cpu_down(kDead);
        exhaust(order);
        EXPECT_EQ(bfn_in_use(&high()), 2048) << "order " << order;
        for (const uint64_t bfn : all)
            free(bfn, order);
        reclaim_all();
        cpu_up(kDead);
    }
}

TEST_F(Small, NoLockInSteadyState)
{
    for (unsigned order = 0; order < BFN_CACHED_ORDERS; order++) {
        free(alloc(order), order);
        const unsigned long before = high().locked;
        for (unsigned i = 0; i < 1000; i++)
            free(alloc(order), order);
        EXPECT_EQ(high().locked, before) << "order " << order;
    }
}

TEST_F(Pv, OneLockAMagazineBetweenCpus)
{
    // One CPU allocates and another frees, as with received packets.
    std::vector<uint64_t> held;
    unsigned long before = 0;
    for (unsigned i = 0; i < 100 * kMagazine; i++) {
        if (i == 20 * kMagazine)
            before = high().locked;
        held.push_back(alloc_on(0, 0));
        ASSERT_NE(held.back(), kNone);
        if (held.size() > size_t{3} * kMagazine) {
            free_on(1, held.front(), 0);
            held.erase(held.begin());
        }
    }
    // A push and a pull for each magazine.
    EXPECT_LE(high().locked - before, 164u);
    for (const uint64_t bfn : held)
        free(bfn, 0);
}

TEST_F(Pv, DepotIsBounded)
{
    for (const unsigned order : {0u, 5u}) {
        std::vector<uint64_t> all = exhaust(order);
        for (const uint64_t bfn : all)
            free_on(1, bfn, order);
        EXPECT_LE(high().depot[order].nr, unsigned{BFN_DEPOT_SIZE});
        for (unsigned i = 0; i < high().depot[order].nr; i++)
            EXPECT_EQ(high().depot[order].full[i]->nr, capacity(order));
        reclaim_all();
        EXPECT_EQ(high().depot[order].nr, 0u);
        EXPECT_EQ(high().empty, nullptr);
    }
}

TEST_F(Pv, NoMemoryForAWindow)
{
    const unsigned long before = allocations();
    for (unsigned n = 0;; n++) {
        bfn_window w = {};
        hooks.alloc_fails = nth(n);
        const int err = bfn_window_init(&w, 0x200000, 4096);
        hooks.alloc_fails = nullptr;
        if (!err) {
            EXPECT_GT(n, 3u + 2u * BFN_CACHED_ORDERS * NR_CPUS - 1);
            bfn_window_destroy(&w);
            break;
        }
        EXPECT_EQ(err, -ENOMEM);
        EXPECT_EQ(w.nr, 0u);
        EXPECT_EQ(allocations(), before) << "after failure " << n;
    }
    EXPECT_EQ(allocations(), before);
}

TEST_F(Small, NoMemoryForAChunk)
{
    for (const unsigned order : {0u, 8u, 9u})
        for (unsigned n = 0; n < 2; n++) {
            const unsigned long before = allocations();
            hooks.alloc_fails = nth(n);
            EXPECT_EQ(alloc(order), kNone);
            hooks.alloc_fails = nullptr;
            EXPECT_EQ(allocations(), before);
            const uint64_t bfn = alloc(order);
            EXPECT_NE(bfn, kNone) << "it comes back";
            free(bfn, order);
            reclaim_all();
            grace_period();
        }
}

TEST_F(Small, NoMemoryForAMagazine)
{
    const std::vector<uint64_t> all = exhaust(0);
    hooks.alloc_fails = [] { return true; };
    for (const uint64_t bfn : all)
        free(bfn, 0); // to the chunks
    EXPECT_EQ(high().depot[0].nr, 0u);
    EXPECT_EQ(exhaust(0).size(), all.size());
    hooks.alloc_fails = nullptr;
    for (const uint64_t bfn : all)
        free(bfn, 0);
}

// A partly open window, enlarged on demand.
static unsigned asked;

TEST_F(Big, AClosedWindowOpensAsItIsAskedTo)
{
    constexpr unsigned long step = 8ul * 512;
    bfn_window w = {};
    ASSERT_EQ(bfn_window_init(&w, kHigh, 4 * step), 0);
    bfn_window_close(&w);
    w.few = 4;
    w.ask_chunks = [] { asked++; };
    asked = 0;
    const auto take = [&](unsigned order) {
        uint64_t bfn = 0;
        irqs_off([&] { bfn = __real_bfn_alloc(&w, order); });
        return bfn;
    };
    EXPECT_EQ(take(0), kNone);
    EXPECT_EQ(take(10), kNone);
    EXPECT_EQ(asked, 2u);
    // From the top downwards.
    for (unsigned part = 4; part-- > 0;) {
        bfn_window_open(&w, kHigh + part * step, step);
        asked = 0;
        for (unsigned i = 0; i < 8; i++) {
            EXPECT_EQ(take(9), kHigh + part * step + i * 512);
            EXPECT_EQ(asked, i >= 4 ? i - 3 : 0) << "less than four are left";
        }
        EXPECT_EQ(take(9), kNone);
        EXPECT_EQ(asked, 5u);
    }
    irqs_off([&] {
        for (unsigned i = 0; i < 32; i++)
            __real_bfn_free(&w, kHigh + i * 512, 9);
    });
    EXPECT_EQ(take(14), kHigh) << "steps join";
    irqs_off([&] { __real_bfn_free(&w, kHigh, 14); });
    bfn_window_destroy(&w);
}
