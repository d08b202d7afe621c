// SPDX-License-Identifier: GPL-2.0-only
//
// Two CPUs at once, at the worst moment, with memory as weak as the kernel's
// model allows: the barriers of bfn_chunk_free() and bfn_chunk_disown(), and RCU.
#include "fixture.h"

using namespace world;

// One chunk in all: a loss shows at once.
class Race : public Pv {
public:
    Race() : Pv({.high = 512}) {}
    ~Race() override
    {
        hooks.before_read = hooks.after_read = nullptr;
        weak_memory(false);
    }
    // Once, at the first read of the variable.
    static std::function<void(const volatile void *)> at(const volatile void *what, const std::function<void()> &then,
                                                         bool locked = false)
    {
        return [=, done = false](const volatile void *read) mutable {
            if (read != what || done || (locked && !lockdep_is_held(&high().lock)))
                return;
            done = true;
            then();
        };
    }
};

TEST_F(Race, FreeBesideDisown)
{
    const uint64_t a = alloc(8), b = alloc(8);
    std::thread other;
    std::atomic<bool> freed_it = false;
    // CPU 0 has disowned the chunk, and has seen no free bit. Now a BFN is freed.
    hooks.after_read = at(
        &chunk_of(a)->free[BFN_CHUNK_WORDS - 1].counter,
        [&] {
            other = std::thread([&] {
                register_thread();
                pin(1);
                free(a, 8);
                freed_it = true;
                unregister_thread();
            });
            while (!freed_it && !lock_waiters())
                std::this_thread::yield();
        },
        true);
    weak_memory(true);
    uint64_t found = alloc(8);
    weak_memory(false);
    ASSERT_TRUE(other.joinable()) << "the moment did not come";
    other.join();
    hooks.after_read = nullptr;
    // The other CPU lists the chunk, now or in time for this CPU's second look.
    if (found == kNone)
        found = alloc_on(2, 8);
    EXPECT_EQ(found, a) << "the free was lost";
    if (found != kNone)
        free(a, 8);
    free(b, 8);
}

TEST_F(Race, DisownBesideFree)
{
    const uint64_t a = alloc(8), b = alloc(8);
    // CPU 1 has freed, and seen CPU 0 as the chunk's owner. Now CPU 0 disowns the chunk.
    const bfn_chunk *chunk = chunk_of(a);
    hooks.after_read = at(&chunk->state, [&] {
        as_cpu(0, [] { irqs_off([] { bfn_chunk_disown(&high(), this_cpu_ptr(high().cpu)); }); });
    });
    as_cpu(1, [&] {
        weak_memory(true);
        free(a, 8);
    });
    hooks.after_read = nullptr;
    EXPECT_EQ(high().nr_partial, 1u) << "the free was lost";
    EXPECT_EQ(alloc_on(2, 8), a);
    free(a, 8);
    free(b, 8);
}

TEST_F(Race, TwoFreesListAChunkOnce)
{
    const uint64_t a = alloc(8), b = alloc(8);
    EXPECT_EQ(alloc(8), kNone);
    // CPU 1 has seen no owner of the chunk; CPU 2 is faster.
    hooks.after_read = at(&chunk_of(a)->state, [&] { free_on(2, b, 8); });
    free_on(1, a, 8);
    hooks.after_read = nullptr;
    EXPECT_EQ(high().nr_partial, 1u);
    EXPECT_EQ(alloc_on(2, 8), a);
    EXPECT_EQ(alloc_on(2, 8), b);
    EXPECT_EQ(high().nr_partial, 0u);
    free(a, 8);
    free(b, 8);
}

TEST_F(Race, RetiredUnderAFree)
{
    const uint64_t a = alloc(8);
    as_cpu(0, [] { irqs_off([] { bfn_chunk_disown(&high(), this_cpu_ptr(high().cpu)); }); });
    // The last BFN is home; before CPU 1 looks at the state, the chunk is retired.
    const bfn_chunk *chunk = chunk_of(a);
    hooks.before_read = at(&chunk->state, [] {
        as_cpu(2, [] { irqs_off([] { bfn_reclaim(&pviommu_high.bfns); }); });
        EXPECT_EQ(chunk_of(kHigh), nullptr);
    });
    free_on(1, a, 8);
    hooks.before_read = nullptr;
    EXPECT_EQ(alloc(8), a);
    free(a, 8);
}

TEST_F(Race, ReaderKeepsARetiredChunk)
{
    const uint64_t a = alloc(8);
    std::atomic<int> step = 0;
    u64 seen = 0;
    std::thread reader([&] {
        register_thread();
        pin(1);
        irqs_off([&] {
            const u64 *cookie = bfn_slot(&high(), a);
            step = 1;
            while (step == 1)
                std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            seen = *cookie;
            step = 3;
        });
        unregister_thread();
    });
    while (step == 0)
        std::this_thread::yield();
    free(a, 8);
    irqs_off([] { bfn_reclaim(&pviommu_high.bfns); });
    step = 2;
    grace_period();
    EXPECT_EQ(step, 3) << "the grace period is over before its reader";
    reader.join();
    EXPECT_EQ(seen, 0u);
}
