// SPDX-License-Identifier: GPL-2.0-only
//
// A Xen with memory for a few leaf tables, and then for none. Mappings within the
// existing tables succeed, no device is latched, and a refusal passes.
#include "fixture.h"

using namespace world;

class Tables : public Pv {
public:
    Tables() : Pv({.high = 64ul * 512, .low = 0}) {}
    ~Tables() override
    {
        if (reserved_)
            pviommu_reserve_exit();
    }
    Device strict{PVIOMMU_STRICT}, lazy{PVIOMMU_LAZY};

    void reserve()
    {
        ASSERT_EQ(pviommu_reserve_init(), 0);
        reserved_ = true;
    }
    static unsigned long tables()
    {
        unsigned long n = 0;
        for (unsigned long i = 0; i < 64; i++)
            n += has_table(kHigh + i * 512);
        return n;
    }
    // Half of a chunk each, until there is no more; that many are to be expected.
    std::vector<Mapping> fill(unsigned long most, unsigned long expected)
    {
        std::vector<Mapping> all = fill(most);
        EXPECT_EQ(all.size(), expected);
        return all;
    }
    std::vector<Mapping> fill(unsigned long most)
    {
        std::vector<Mapping> all;
        while (all.size() < most) {
            const Mapping m = strict.map(512, 256);
            if (!m)
                break;
            all.push_back(m);
        }
        return all;
    }
    void unmap(const std::vector<Mapping> &all)
    {
        for (const Mapping &m : all)
            EXPECT_EQ(strict.unmap(m), 0);
    }
    static void expect_calm()
    {
        EXPECT_EQ(device_failures(), 0u);
        EXPECT_EQ(counter(PVIOMMU_LEAKED), 0u);
    }

private:
    bool reserved_ = false;
};

TEST_F(Tables, AReserveOfThem)
{
    reserve();
    EXPECT_EQ(tables(), 8u);
    EXPECT_EQ(mapped(), 0u);
    EXPECT_EQ(handed_out(), 0u);
    set_tables_left(0);
    const std::vector<Mapping> all = fill(100, 16);
    EXPECT_EQ(tables(), 8u);
    EXPECT_NE(logged.find("starved"), std::string::npos);
    unmap(all);
    const std::vector<Mapping> again = fill(16, 16);
    unmap(again);
    expect_calm();
}

TEST_F(Tables, TheReserveGrowsWithWhatIsInFlight)
{
    reserve();
    const std::vector<Mapping> all = fill(40, 40);
    EXPECT_TRUE(run_work());
    // 20 chunks, and half as many.
    EXPECT_EQ(tables(), 30u);
    set_tables_left(0);
    const std::vector<Mapping> more = fill(100, 20);
    unmap(more);
    unmap(all);
    expect_calm();
}

TEST_F(Tables, NotMoreThanThereAreChunks)
{
    restart({.high = 4ul * 512, .low = 0});
    reserve();
    EXPECT_EQ(tables(), 4u);
    const std::vector<Mapping> all = fill(100, 8);
    EXPECT_FALSE(run_work());
    unmap(all);
    expect_calm();
}

// Chunks with tables come before others, whatever their numbers.
TEST_F(Tables, ThoseThatHaveOneFirst)
{
    const std::vector<Mapping> all = fill(12);
    set_tables_left(0);
    // The lowest chunks stay.
    unmap({all.begin() + 4, all.end()});
    reclaim_all();
    const std::vector<Mapping> again = fill(8, 8);
    EXPECT_EQ(tables(), 6u);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 0u);
    unmap(again);
    unmap({all.begin(), all.begin() + 4});
    expect_calm();
}

TEST_F(Tables, ARefusalIsOfThatChunkOnly)
{
    set_tables_left(1);
    const Mapping first = strict.map(16);
    ASSERT_TRUE(first);
    // The rest, beyond the chunk with a table.
    const std::vector<Mapping> half = fill(4, 1);
    EXPECT_NE(logged.find("starved"), std::string::npos);
    for (unsigned long pfn = 20; pfn < 200; pfn++) {
        const Mapping m = strict.map(pfn);
        ASSERT_TRUE(m);
        EXPECT_EQ(strict.unmap(m), 0);
    }
    unmap(half);
    EXPECT_EQ(strict.unmap(first), 0);
    expect_calm();
}

// The CPU's magazines are full of BFNs without a table.
TEST_F(Tables, AnotherPlaceIsFound)
{
    for (unsigned order = 0; order < BFN_CACHED_ORDERS; order++)
        free(alloc(order), order);
    set_tables_left(1);
    reserve();
    EXPECT_EQ(tables(), 1u);
    const uint64_t errors = counter(PVIOMMU_ERRORS);
    for (unsigned i = 0; i < 100; i++) {
        const Mapping page = strict.map(16 + i), some = strict.map(200, 1 + i % 32), wait = lazy.map(300 + i);
        ASSERT_TRUE(page && some && wait);
        EXPECT_EQ(strict.unmap(page), 0);
        EXPECT_EQ(strict.unmap(some), 0);
        EXPECT_EQ(lazy.unmap(wait), 0);
    }
    // Once, and not for each mapping.
    EXPECT_EQ(counter(PVIOMMU_ERRORS), errors + 1);
    expect_calm();
}

TEST_F(Tables, ForListsAsWell)
{
    free(alloc(0), 0);
    set_tables_left(1);
    reserve();
    for (unsigned i = 0; i < 20; i++) {
        const Mapping m = strict.map_list({{16, 1}, {18, 1, 1}, {20, 3}, {30, 1}});
        ASSERT_TRUE(m);
        EXPECT_EQ(strict.unmap_list(m), 0);
    }
    expect_calm();
}

TEST_F(Tables, LongRunsToo)
{
    reserve();
    set_tables_left(0);
    // 8 chunks have a table; runs of 2 and of 4 find theirs.
    for (const unsigned long nr : {1024ul, 2048ul, 600ul}) {
        const Mapping m = strict.map(16, nr);
        ASSERT_TRUE(m) << nr;
        EXPECT_EQ(strict.unmap(m), 0);
    }
    const Mapping m = strict.map(16);
    ASSERT_TRUE(m);
    // All 8 chunks would go.
    EXPECT_FALSE(strict.map(16, 4000));
    // Xen is not asked in vain again, and existing tables are not forgotten.
    const uint64_t errors = counter(PVIOMMU_ERRORS);
    EXPECT_FALSE(strict.map(16, 4000));
    EXPECT_EQ(counter(PVIOMMU_ERRORS), errors);
    EXPECT_EQ(strict.unmap(m), 0);
    expect_calm();
}

TEST_F(Tables, ARunThatHasSomeOfItsTables)
{
    set_tables_left(3);
    EXPECT_FALSE(strict.map(16, 2048));
    EXPECT_EQ(mapped(), 0u);
    EXPECT_EQ(tables(), 3u);
    set_tables_left(100);
    reserve();
    const Mapping m = strict.map(16, 2048);
    ASSERT_TRUE(m);
    EXPECT_EQ(strict.unmap(m), 0);
    expect_calm();
}

// When Xen has memory again nothing of the bad times stays.
TEST_F(Tables, ItPasses)
{
    reserve();
    set_tables_left(0);
    std::vector<Mapping> all = fill(100, 16);
    EXPECT_TRUE(run_work());
    EXPECT_FALSE(strict.map(16));
    set_tables_left(1000);
    while (run_work()) {
    }
    const std::vector<Mapping> more = fill(100, 100);
    unmap(all);
    unmap(more);
    expect_calm();
}

// Nor does a chunk with a new user.
TEST_F(Tables, ABarredChunkIsTakenAgain)
{
    const uint64_t somebodys = alloc(0);
    set_tables_left(0);
    EXPECT_FALSE(strict.map(16));
    set_tables_left(1000);
    reserve();
    const std::vector<Mapping> all = fill(1000);
    // The other half of its chunk, too.
    EXPECT_EQ(all.size(), 127u);
    unmap(all);
    free(somebodys, 0);
    reclaim_all();
    const std::vector<Mapping> whole = fill(1000, 128);
    unmap(whole);
    expect_calm();
}

TEST_F(Tables, AReserveThatCantBeUnmapped)
{
    hooks.op_fails = [](const xen_iommu_op &op) { return op.op == XEN_IOMMUOP_unmap ? -EIO : 0; };
    set_tables_left(2);
    reserve();
    hooks.op_fails = nullptr;
    // Both chunks are never used again.
    EXPECT_EQ(counter(PVIOMMU_LEAKED), 1024u);
    set_tables_left(1);
    EXPECT_TRUE(run_work());
    const Mapping m = strict.map(16);
    ASSERT_TRUE(m);
    EXPECT_EQ(strict.unmap(m), 0);
}
