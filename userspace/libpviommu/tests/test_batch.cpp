// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Batches: the order of ops, their cost, and the reuse of addresses.

#include <cerrno>

#include "fixture.h"

using namespace pviommu;

namespace {

class Batches : public testing::Test {
protected:
    std::unique_ptr<Space> space = new_space();
    Memory memory{512};
    Region region = must(space->add(memory.all()));
    Batch batch = must(Batch::create(space->lcore(0), 4096));

    std::uint64_t map(std::uint64_t page_nr, std::uint64_t pages = 1)
    {
        return must(batch.map(region.at(page_nr * page), pages * page, both));
    }
    // The whole window, page by page.
    std::vector<std::uint64_t> fill()
    {
        std::vector<std::uint64_t> iovas;
        for (unsigned i = 0; i < 512; i++)
            iovas.push_back(map(i));
        EXPECT_EQ(must(batch.submit()), 0U);
        return iovas;
    }
    // Is an address free? The test gives the address back.
    bool has_room(std::uint64_t pages = 1)
    {
        const Result<std::uint64_t> iova = space->lcore(0).alloc(pages);
        if (iova)
            space->lcore(0).free(*iova, pages);
        return iova.has_value();
    }
};

TEST_F(Batches, AreCreated)
{
    EXPECT_EQ(errno_of(Batch::create(space->lcore(0), 0)), EINVAL);
    EXPECT_EQ(errno_of(Batch::create(space->lcore(0), 4097)), EINVAL);
    EXPECT_EQ(batch.capacity(), 4096U);
    EXPECT_EQ(must(batch.submit()), 0U);
}

TEST_F(Batches, DoNothingBeforeSubmit)
{
    Meter meter(space->backend());
    const std::uint64_t iova = map(0);
    EXPECT_EQ(iova % page, 0U);
    EXPECT_EQ(batch.size(), 1U);
    EXPECT_EQ(meter.look().hypercalls, 0U);
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(meter.look().hypercalls, 1U);
    EXPECT_EQ(batch.size(), 0U);
    ASSERT_EQ(batch.done().size(), 1U);
    EXPECT_EQ(batch.done()[0].iova, iova);
    must(batch.unmap(iova, page));
    EXPECT_EQ(batch.done().size(), 0U);
    EXPECT_EQ(meter.look().hypercalls, 0U);
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(meter.look().flushes, 1U);
}

TEST_F(Batches, AreFull)
{
    Batch small = must(Batch::create(space->lcore(0), 2));
    const std::vector<Place> places = backwards(region, 3);
    EXPECT_EQ(errno_of(small.map_burst(places, page, both)), ENOBUFS);
    EXPECT_EQ(small.size(), 0U);
    const std::uint64_t iova = must(small.map_burst({places.data(), 2}, page, both));
    EXPECT_EQ(small.room(), 0U);
    EXPECT_EQ(errno_of(small.map(places[0], page, both)), ENOBUFS);
    EXPECT_EQ(errno_of(small.unmap(iova, page)), ENOBUFS);
    EXPECT_EQ(must(small.submit()), 0U);
    EXPECT_EQ(space->stats().in_use, 2U);
    must(small.unmap(iova, 2 * page));
    EXPECT_EQ(must(small.submit()), 0U);
    EXPECT_EQ(space->stats().in_use, 0U);
}

TEST_F(Batches, RefuseWhatIsWrong)
{
    EXPECT_EQ(errno_of(batch.map(region.at(0), 0, both)), EINVAL);
    EXPECT_EQ(errno_of(batch.map(region.at(0), page + 1, both)), EINVAL);
    EXPECT_EQ(errno_of(batch.map(region.at(0), 4 * MiB, both)), EINVAL);
    EXPECT_EQ(errno_of(batch.map_burst({}, page, both)), EINVAL);
    EXPECT_EQ(errno_of(batch.map_burst(backwards(region, 3), MiB, both)), EINVAL);
    const std::uint64_t iova = map(0, 3);
    EXPECT_EQ(must(batch.submit()), 0U);
    for (const std::uint64_t wrong : {iova + 1, space->base() - page, space->base() + space->size(), ~std::uint64_t{0}})
        EXPECT_EQ(errno_of(batch.unmap(wrong, page)), EINVAL) << wrong;
    EXPECT_EQ(errno_of(batch.unmap(iova, 0)), EINVAL);
    EXPECT_EQ(errno_of(batch.unmap(iova, 5 * page)), EINVAL);
    EXPECT_EQ(errno_of(batch.unmap(iova + 8 * page, page)), EINVAL);
    EXPECT_EQ(batch.size(), 0U);
    must(batch.unmap(iova, 3 * page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(errno_of(batch.unmap(iova, 3 * page)), EINVAL) << "once";
}

TEST_F(Batches, UseNoAddressBeforeItsUnmapHasItsStatus)
{
    const std::vector<std::uint64_t> iovas = fill();
    EXPECT_FALSE(has_room());
    must(batch.unmap(iovas[77], page));
    EXPECT_EQ(errno_of(batch.map(region.at(0), page, both)), ENOSPC);
    EXPECT_FALSE(has_room());
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(map(5), iovas[77]);
    EXPECT_FALSE(has_room());
}

TEST_F(Batches, GiveBackTheAddressOfAMapThatFailed)
{
    const Region readable = must(space->add(memory.all(), Access::read));
    std::vector<Place> places = backwards(region, 4);
    places[2] = readable.at(0);
    const std::uint64_t burst = must(batch.map_burst(places, page, both));
    must(batch.map(readable.at(0), page, both));
    must(batch.map(region.at(512 * page), page, both));
    EXPECT_EQ(must(batch.submit()), 3U);
    EXPECT_EQ(statuses(batch.done()), (std::vector<int>{0, 0, -EACCES, 0, -EACCES, -ERANGE}));
    EXPECT_EQ(space->stats().in_use, 4U) << "the burst's";
    must(batch.unmap(burst + 3 * page, page));
    must(batch.unmap(burst, 2 * page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(space->stats().in_use, 0U);
    EXPECT_EQ(space->stats().leaked, 0U);
}

TEST_F(Batches, KeepWhatCouldNotBeUnmapped)
{
    const std::uint64_t iova = map(0, 4);
    EXPECT_EQ(must(batch.submit()), 0U);
    must(batch.unmap(iova + page, page));
    must(batch.unmap(iova, 4 * page));
    EXPECT_EQ(must(batch.submit()), 1U);
    EXPECT_EQ(statuses(batch.done()), (std::vector<int>{0, -ENOENT}));
    EXPECT_EQ(space->stats().in_use, 4U);
    must(batch.unmap(iova, page));
    must(batch.unmap(iova + 2 * page, 2 * page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(space->stats().in_use, 0U);
}

TEST_F(Batches, UnmapWhatTheyMap)
{
    Meter meter(space->backend());
    const std::uint64_t iova = map(0);
    must(batch.unmap(iova, page));
    const std::uint64_t other = map(1);
    EXPECT_NE(other, iova);
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(meter.look().hypercalls, 2U);
    EXPECT_EQ(space->stats().in_use, 1U);
    // Also when the map fails.
    const std::uint64_t none = must(batch.map(region.at(512 * page), page, both));
    must(batch.unmap(none, page));
    must(batch.unmap(other, page));
    EXPECT_EQ(must(batch.submit()), 2U);
    EXPECT_EQ(statuses(batch.done()), (std::vector<int>{-ERANGE, -ENOENT, 0}));
    EXPECT_EQ(space->stats().in_use, 0U);
    EXPECT_EQ(space->stats().leaked, 0U);
}

TEST_F(Batches, GiveABurstBackWithItsLastMember)
{
    std::vector<std::uint64_t> bursts;
    for (unsigned i = 0; i < 8; i++)
        bursts.push_back(must(batch.map_burst(backwards(region, 64), page, both)));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_FALSE(has_room());
    for (unsigned i = 0; i < 63; i++)
        must(batch.unmap(bursts[3] + (i * 5 % 64) * page, page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_FALSE(has_room());
    must(batch.unmap(bursts[3] + (63 * 5 % 64) * page, page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(must(batch.map_burst(backwards(region, 64), page, both)), bursts[3]);
    EXPECT_EQ(must(batch.submit()), 0U);
}

// Members of several pages, and as many as are no power of two.
TEST_F(Batches, HaveMembersOfSeveralPages)
{
    const std::vector<Place> places{region.at(8 * page), region.at(2 * page), region.at(5 * page)};
    const std::uint64_t iova = must(batch.map_burst(places, 3 * page, both));
    EXPECT_EQ(iova % (16 * page), 0U);
    EXPECT_EQ(must(batch.submit()), 0U);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQ(batch.done()[i].iova, iova + i * 3 * page);
        EXPECT_EQ(batch.done()[i].offset, places[i].offset);
        EXPECT_EQ(batch.done()[i].size, 3 * page);
    }
    for (const unsigned i : {1, 2, 0})
        must(batch.unmap(iova + i * 3 * page, 3 * page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(space->stats().in_use, 0U);
}

TEST_F(Batches, RideInOneHypercall)
{
    Meter meter(space->backend());
    std::uint64_t last = must(batch.map_burst(backwards(region, 64), page, both));
    EXPECT_EQ(must(batch.submit()), 0U);
    Cost cost = meter.look();
    EXPECT_EQ(cost.hypercalls, 1U);
    EXPECT_LE(cost.ops, on_device ? 64U : 1U);
    EXPECT_EQ(cost.flushes, 0U);
    // Unmaps with the next maps: no hypercall more.
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 64; i++)
            must(batch.unmap(last + i * page, page));
        last = must(batch.map_burst(backwards(region, 64), page, both));
        EXPECT_EQ(must(batch.submit()), 0U);
        cost = meter.look();
        EXPECT_EQ(cost.hypercalls, 1U);
        EXPECT_LE(cost.ops, on_device ? 65U : 2U);
        EXPECT_EQ(cost.flushes, 1U);
    }
    must(batch.unmap(last, 64 * page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(meter.look().ops, 1U);
}

TEST_F(Batches, AreCleared)
{
    const std::uint64_t iova = map(0);
    EXPECT_EQ(must(batch.submit()), 0U);
    must(batch.unmap(iova, page));
    map(1, 5);
    EXPECT_EQ(space->stats().in_use, 9U);
    batch.clear();
    EXPECT_EQ(batch.size(), 0U);
    EXPECT_EQ(space->stats().in_use, 1U) << "the page of the dropped unmap is mapped";
    EXPECT_EQ(errno_of(region.remove()), EBUSY);
    must(batch.unmap(iova, page));
    EXPECT_EQ(must(batch.submit()), 0U);
    must(region.remove());
    {
        Batch gone = must(Batch::create(space->lcore(0)));
        must(gone.map(region.at(0), page, both));
        EXPECT_EQ(space->stats().in_use, 1U);
    }
    EXPECT_EQ(space->stats().in_use, 0U);
}

TEST_F(Batches, Move)
{
    map(0);
    Batch other = std::move(batch);
    EXPECT_EQ(other.size(), 1U);
    EXPECT_EQ(batch.size(), 0U);                                       // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(errno_of(batch.map(region.at(0), page, both)), ENOBUFS); // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(must(other.submit()), 0U);
    batch = std::move(other);
    EXPECT_EQ(batch.done().size(), 1U);
}

// A backend that does nothing, as for a process that is being killed.
class Refusing final : public Backend {
public:
    explicit Refusing(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}
    bool refuses = false;
    [[nodiscard]] const char *name() const noexcept override { return "refusing"; }
    Result<Info> info() noexcept override { return backend_->info(); }
    Result<std::uint64_t> take_window(std::uint64_t size, std::uint64_t limit) noexcept override
    {
        return backend_->take_window(size, limit);
    }
    Result<std::uint32_t> add_region(const void *addr, std::uint64_t size, Access access) noexcept override
    {
        return backend_->add_region(addr, size, access);
    }
    Result<void> del_region(std::uint32_t id) noexcept override { return backend_->del_region(id); }
    Result<unsigned> submit(std::span<Op> ops) noexcept override
    {
        if (refuses)
            return tl::unexpected(Error(EINTR, "test", "none"));
        return backend_->submit(ops);
    }

private:
    std::unique_ptr<Backend> backend_;
};

TEST(Refused, NothingIsDoneAndAllIsQueued)
{
    auto backend = std::make_unique<Refusing>(new_backend());
    Refusing &refusing = *backend;
    const auto space = must(Space::open(std::move(backend), {.window = 2 * MiB}));
    const Memory memory(2);
    const Region region = must(space->add(memory.all()));
    Batch batch = must(Batch::create(space->lcore(0)));
    const std::uint64_t iova = must(batch.map(region.at(0), page, both));
    EXPECT_EQ(must(batch.submit()), 0U);
    must(batch.unmap(iova, page));
    must(batch.map(region.at(page), page, both));
    refusing.refuses = true;
    EXPECT_EQ(errno_of(batch.submit()), EINTR);
    EXPECT_EQ(batch.size(), 2U);
    EXPECT_EQ(batch.done().size(), 0U);
    EXPECT_EQ(space->stats().in_use, 2U);
    refusing.refuses = false;
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(batch.done().size(), 2U);
    EXPECT_EQ(space->stats().in_use, 1U);
}

} // namespace
