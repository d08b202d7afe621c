// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Spaces: addresses of lcores, and regions.

#include <algorithm>
#include <cerrno>
#include <set>

#include <malloc.h>

#include "fixture.h"

using namespace pviommu;

namespace {

TEST(Spaces, AreOpened)
{
    EXPECT_EQ(errno_of(Space::open(nullptr, {})), EINVAL);
    EXPECT_EQ(errno_of(Space::open(new_backend(), {.lcores = 0})), EINVAL);
    EXPECT_EQ(errno_of(Space::open(new_backend(), {.lcores = 1025})), EINVAL);
    EXPECT_EQ(errno_of(Space::open(new_backend(), {.window = 3 * MiB})), EINVAL);
    EXPECT_EQ(errno_of(Space::open(new_backend(), {.window = 2 * MiB, .limit = 0})), ERANGE);
    const auto space = must(Space::open(new_backend(), {.window = 4 * MiB, .limit = 0xffffffff, .lcores = 3}));
    EXPECT_EQ(space->size(), 4 * MiB);
    EXPECT_LE(space->base() + 4 * MiB - 1, 0xffffffffU);
    ASSERT_EQ(space->lcores(), 3U);
    EXPECT_EQ(space->lcore(2).index(), 2U);
    EXPECT_EQ(&space->lcore(2).space(), space.get());
    EXPECT_STREQ(space->backend().name(), on_device ? "device" : "sim");
}

TEST(Spaces, HandOutEachAddressOnce)
{
    const auto space = new_space(4 * MiB);
    Lcore &lcore = space->lcore(0);
    for (const std::uint64_t pages : {1U, 2U, 3U, 8U, 33U, 64U, 200U, 512U, 1024U}) {
        const std::uint64_t run = std::bit_ceil(pages) * page;
        std::set<std::uint64_t> taken;
        Result<std::uint64_t> iova = lcore.alloc(pages);
        for (; iova; iova = lcore.alloc(pages)) {
            EXPECT_EQ(*iova % run, 0U);
            EXPECT_GE(*iova, space->base());
            EXPECT_LE(*iova + run, space->base() + space->size());
            EXPECT_TRUE(taken.insert(*iova).second) << pages << " pages";
        }
        EXPECT_EQ(iova.error().number(), ENOSPC);
        EXPECT_EQ(taken.size(), space->size() / run) << pages << " pages";
        EXPECT_EQ(space->stats().in_use, space->size() / page);
        for (const std::uint64_t i : taken)
            lcore.free(i, pages);
        EXPECT_EQ(space->stats().in_use, 0U);
    }
    EXPECT_EQ(errno_of(lcore.alloc(0)), EINVAL);
    EXPECT_EQ(errno_of(lcore.alloc(1025)), EINVAL);
    EXPECT_EQ(errno_of(lcore.alloc(~std::uint64_t{0})), EINVAL);
}

// Enough chunks come and go, so descriptors of old chunks have to be freed.
TEST(Spaces, AnotherLcoreGivesBack)
{
    const auto space = new_space(64 * MiB, 2);
    for (unsigned round = 0; round < 4; round++) {
        std::vector<std::uint64_t> taken;
        for (unsigned i = 0; i < 12000; i++)
            taken.push_back(must(space->lcore(0).alloc(1)));
        std::sort(taken.begin(), taken.end());
        EXPECT_EQ(std::adjacent_find(taken.begin(), taken.end()), taken.end());
        EXPECT_EQ(space->stats().in_use, taken.size());
        for (const std::uint64_t iova : taken)
            space->lcore(1).free(iova, 1);
        EXPECT_EQ(space->stats().in_use, 0U);
    }
}

// A chunk is 4.25 KiB, 23 of them come and go a round.
TEST(Spaces, FreeWhatTheyKnewOfOldAddresses)
{
    const auto space = new_space(64 * MiB);
    Lcore &lcore = space->lcore(0);
    std::vector<std::uint64_t> taken(48);
    std::size_t before = 0;
    for (unsigned round = 0; round < 100; round++) {
        for (std::uint64_t &iova : taken)
            iova = must(lcore.alloc(256));
        for (const std::uint64_t iova : taken)
            lcore.free(iova, 256);
        if (round == 10)
            before = mallinfo2().uordblks;
    }
    EXPECT_LT(mallinfo2().uordblks, before + MiB);
}

TEST(Spaces, FindTheirRegions)
{
    const auto space = new_space();
    const Memory memory(8);
    Region low = must(space->add(memory.all().first(4 * page), Access::read));
    {
        const Region high = must(space->add(memory.all().subspan(4 * page)));
        EXPECT_EQ(low.id(), 1U);
        EXPECT_EQ(high.id(), 2U);
        EXPECT_EQ(high.base(), memory.at(4));
        EXPECT_EQ(high.size(), 4 * page);
        EXPECT_EQ(low.access(), Access::read);
        EXPECT_TRUE(high.contains(memory.at(4), 4 * page));
        EXPECT_FALSE(high.contains(memory.at(4), 4 * page + 1));
        EXPECT_FALSE(high.contains(memory.at(3), page));
        EXPECT_EQ(high.of(memory.at(6)).offset, 2 * page);
        const Place place = must(space->region_of(memory.at(6), 2 * page));
        EXPECT_EQ(place.region, 2U);
        EXPECT_EQ(place.offset, 2 * page);
        EXPECT_EQ(must(space->region_of(memory.at(3), page)).region, 1U);
        EXPECT_EQ(errno_of(space->region_of(memory.at(3), 2 * page)), ENOENT);
        EXPECT_EQ(errno_of(space->region_of(memory.at(8), 1)), ENOENT);
        EXPECT_EQ(errno_of(space->region_of(memory.at(7), page + 1)), ENOENT);
    }
    EXPECT_EQ(errno_of(space->region_of(memory.at(6), page)), ENOENT) << "its region went";
    Region moved = std::move(low);
    EXPECT_EQ(moved.id(), 1U);
    EXPECT_EQ(must(space->region_of(memory.at(0), page)).region, 1U);
    must(moved.remove());
    EXPECT_EQ(moved.id(), 0U);
    must(moved.remove());
    EXPECT_EQ(errno_of(space->region_of(memory.at(0), page)), ENOENT);
    EXPECT_EQ(errno_of(space->add(memory.all().first(1))), EINVAL);
}

TEST(Spaces, KeepARegionThatIsMapped)
{
    const auto space = new_space();
    const Memory memory(1);
    Region region = must(space->add(memory.all()));
    Batch batch = must(Batch::create(space->lcore(0)));
    const std::uint64_t iova = must(batch.map(region.at(0), page, both));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(errno_of(region.remove()), EBUSY);
    EXPECT_EQ(region.id(), 1U);
    must(batch.unmap(iova, page));
    EXPECT_EQ(must(batch.submit()), 0U);
    must(region.remove());
}

} // namespace
