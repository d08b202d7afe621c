// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Parts that only the simulated backend has: a device's side, failures of Xen, and
// exactly known costs.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "fixture.h"

using namespace pviommu;

namespace {

class SimTest : public testing::Test {
protected:
    Sim::Options options;
    Sim *sim = nullptr;
    std::unique_ptr<Space> space;
    Memory memory{256};
    Region region;

    void SetUp() override { begin(); }
    void begin()
    {
        region = {};
        auto backend = std::make_unique<Sim>(options);
        sim = backend.get();
        space = must(Space::open(std::move(backend), {.window = 2 * MiB}));
        region = must(space->add(memory.all()));
    }
    [[nodiscard]] std::uint64_t iova(std::uint64_t page_nr) const { return space->base() + page_nr * page; }
    std::vector<int> run(std::vector<Op> ops)
    {
        must(sim->submit(ops));
        return statuses(ops);
    }
    // An op for each of these pages of the window.
    void map(std::initializer_list<std::array<std::uint64_t, 2>> pages)
    {
        for (const auto &[to, from] : pages)
            ASSERT_EQ(run({map_op(iova(to), region.id(), from * page, page, both)}), std::vector<int>{0});
    }
};

TEST_F(SimTest, DevicesReachWhatIsMapped)
{
    map({{0, 8}, {1, 9}, {2, 4}});
    ASSERT_EQ(run({map_op(iova(3), region.id(), 0, page, Access::read),
                   map_op(iova(4), region.id(), page, page, Access::write)}),
              (std::vector<int>{0, 0}));
    Sim::Segment s = sim->translate(iova(0) + 100, 3 * page, true);
    EXPECT_EQ(s.data, memory.at(8) + 100);
    EXPECT_EQ(s.size, 2 * page - 100) << "what lies together";
    s = sim->translate(iova(2) + 1, 10, false);
    EXPECT_EQ(s.data, memory.at(4) + 1);
    EXPECT_EQ(s.size, 10U);
    EXPECT_EQ(sim->counters().faults, 0U);

    EXPECT_EQ(sim->translate(iova(3) + 8, 8, true).data, nullptr);
    EXPECT_EQ(sim->translate(iova(4), 8, false).data, nullptr);
    EXPECT_EQ(sim->translate(iova(5), 8, false).data, nullptr);
    EXPECT_EQ(sim->translate(iova(0) - 1, 8, false).data, nullptr);
    EXPECT_EQ(sim->translate(iova(512), 8, true).data, nullptr);
    EXPECT_EQ(sim->counters().faults, 5U);
    std::array<Sim::Fault, 2> last{};
    ASSERT_EQ(sim->faults(last), 2U);
    EXPECT_EQ(last[0].iova, iova(0) - 1);
    EXPECT_EQ(last[1].iova, iova(512));
    EXPECT_TRUE(last[1].write);
    std::array<Sim::Fault, 100> all{};
    ASSERT_EQ(sim->faults(all), 5U);
    EXPECT_EQ(all[0].iova, iova(3) + 8);
}

TEST_F(SimTest, DmaCopies)
{
    map({{0, 7}, {1, 3}});
    std::vector<std::byte> data(2 * page - 10), back(data.size());
    for (std::size_t i = 0; i < data.size(); i++)
        data[i] = static_cast<std::byte>(i * 7);
    EXPECT_TRUE(sim->dma_write(iova(0) + 5, data));
    EXPECT_EQ(std::memcmp(memory.at(7) + 5, data.data(), page - 5), 0);
    EXPECT_EQ(std::memcmp(memory.at(3), data.data() + page - 5, page - 5), 0);
    EXPECT_TRUE(sim->dma_read(iova(0) + 5, back));
    EXPECT_EQ(back, data);
    ASSERT_EQ(run({unmap_op(iova(1), page)}), std::vector<int>{0});
    EXPECT_FALSE(sim->dma_write(iova(0) + 5, data));
    EXPECT_FALSE(sim->dma_read(iova(0) + 5, back));
    std::array<Sim::Fault, 1> last{};
    sim->faults(last);
    EXPECT_EQ(last[0].iova, iova(1));
    EXPECT_FALSE(last[0].write);
}

TEST_F(SimTest, NoWindowIsAFault)
{
    Sim none;
    EXPECT_EQ(none.translate(0, 8, false).data, nullptr);
    EXPECT_EQ(none.counters().faults, 1U);
}

// A device walks the table while a page comes and goes.
TEST_F(SimTest, DevicesRaceWithMaps)
{
    std::atomic<bool> ended{false};
    std::uint64_t reached = 0;
    std::thread device([&] {
        while (!ended) {
            const Sim::Segment s = sim->translate(iova(9), 8, false);
            EXPECT_TRUE(!s.data || s.data == memory.at(9));
            reached += s.data != nullptr;
        }
    });
    for (unsigned i = 0; i < 2000; i++) {
        ASSERT_EQ(run({map_op(iova(9), region.id(), 9 * page, page, both)}), std::vector<int>{0});
        ASSERT_EQ(run({unmap_op(iova(9), page)}), std::vector<int>{0});
    }
    ended = true;
    device.join();
    EXPECT_EQ(sim->translate(iova(9), 8, false).data, nullptr);
    EXPECT_GE(sim->counters().faults, 1U);
}

TEST_F(SimTest, XenRefuses)
{
    options.inject = [](std::uint64_t nth, const Op &) { return nth == 1 ? -ENOSPC : nth == 3 ? -EBUSY : 0; };
    begin();
    const Op op = map_op(iova(0), region.id(), 0, page, both);
    EXPECT_EQ(run({op, map_op(iova(1), region.id(), 0, page, both), op, unmap_op(iova(0), page), op, op}),
              (std::vector<int>{0, -ENOSPC, -EEXIST, 0, -EBUSY, 0}))
        << "Xen is not asked for wrong ops";
}

TEST_F(SimTest, WhatIsBrokenIsNeverUsedAgain)
{
    std::vector<std::uint64_t> fail{1};
    options.inject = [&](std::uint64_t nth, const Op &) {
        return std::find(fail.begin(), fail.end(), nth) != fail.end() ? -ENODEV : 0;
    };
    begin();
    Batch batch = must(Batch::create(space->lcore(0)));
    std::uint64_t at = must(batch.map(region.at(0), 2 * page, both));
    EXPECT_EQ(must(batch.submit()), 0U);
    must(batch.unmap(at, 2 * page));
    EXPECT_EQ(must(batch.submit()), 1U);
    EXPECT_EQ(statuses(batch.done()), std::vector<int>{-EIO});
    EXPECT_EQ(space->stats().leaked, 2U);
    EXPECT_NE(sim->translate(at, 8, true).data, nullptr) << "a device may still reach the page";
    EXPECT_EQ(run({unmap_op(at, page), map_op(at + page, region.id(), 0, page, both)}), (std::vector<int>{-EIO, -EIO}));
    EXPECT_EQ(errno_of(region.remove()), EBUSY);
    // All other pages are used, and these not.
    for (unsigned i = 0; i < 510; i++)
        EXPECT_NE(must(space->lcore(0).alloc(1)) & ~page, at);
    EXPECT_EQ(errno_of(space->lcore(0).alloc(1)), ENOSPC);
}

TEST_F(SimTest, MapsOfWhichNobodyKnows)
{
    options.inject = [](std::uint64_t nth, const Op &) { return nth == 0 ? -EEXIST : 0; };
    begin();
    Batch batch = must(Batch::create(space->lcore(0)));
    const std::uint64_t at = must(batch.map_burst(backwards(region, 4), page, both));
    EXPECT_EQ(must(batch.submit()), 1U);
    EXPECT_EQ(statuses(batch.done()), (std::vector<int>{-EIO, 0, 0, 0}));
    EXPECT_EQ(space->stats().leaked, 1U);
    EXPECT_EQ(run({unmap_op(at, page), unmap_op(at, 2 * page), map_op(at, region.id(), 0, page, both)}),
              (std::vector<int>{-EIO, -EIO, -EIO}));
    must(batch.unmap(at + page, 3 * page));
    EXPECT_EQ(must(batch.submit()), 0U);
    EXPECT_EQ(space->stats().in_use, 4U) << "the run is never used again";
    must(region.remove()); // no page holds the region
}

// --- docs/device.md, "Hypercalls"

struct Costs {
    std::uint64_t hypercalls, ops, slots, flushes;
    bool operator==(const Costs &) const = default;
};

class SimCosts : public SimTest {
protected:
    Costs cost_of(std::vector<Op> ops)
    {
        const Sim::Counters b = sim->counters();
        EXPECT_EQ(must(sim->submit(ops)), 0U);
        const Sim::Counters a = sim->counters();
        return {a.hypercalls - b.hypercalls, a.ops - b.ops, a.slots - b.slots, a.flushes - b.flushes};
    }
    template <typename F> static std::vector<Op> ops(unsigned nr, F &&make)
    {
        std::vector<Op> all;
        for (unsigned i = 0; i < nr; i++)
            all.push_back(make(i));
        return all;
    }
    [[nodiscard]] Op map_page(std::uint64_t to, std::uint64_t from, Access access = both) const
    {
        return map_op(iova(to), region.id(), from * page, page, access);
    }
};

TEST_F(SimCosts, OfOpsApart)
{
    EXPECT_EQ(cost_of(ops(128, [&](unsigned i) { return map_page(2 * i, i); })), (Costs{1, 128, 128, 0}));
    EXPECT_EQ(cost_of(ops(128, [&](unsigned i) { return unmap_op(iova(2 * i), page); })), (Costs{1, 128, 128, 1}));
    EXPECT_EQ(cost_of(ops(129, [&](unsigned i) { return map_page(2 * i, i); })), (Costs{2, 129, 129, 0}));
    EXPECT_EQ(cost_of(ops(129, [&](unsigned i) { return unmap_op(iova(2 * i), page); })), (Costs{2, 129, 129, 2}));
}

TEST_F(SimCosts, OfNeighbours)
{
    EXPECT_EQ(cost_of({map_op(iova(0), region.id(), 0, 256 * page, both)}), (Costs{1, 1, 1, 0})) << "a run";
    EXPECT_EQ(cost_of(ops(256, [&](unsigned i) { return unmap_op(iova(i), page); })), (Costs{1, 1, 1, 1}));
    EXPECT_EQ(cost_of(ops(64, [&](unsigned i) { return map_page(i, 63 - i); })), (Costs{1, 1, 17, 0})) << "a list";
    EXPECT_EQ(cost_of(ops(64, [&](unsigned i) { return unmap_op(iova(63 - i), page); })), (Costs{1, 64, 64, 1}))
        << "neighbours only when they ascend";
    EXPECT_EQ(cost_of(ops(64, [&](unsigned i) { return map_page(i, i, i % 2 ? both : Access::read); })),
              (Costs{1, 64, 64, 0}))
        << "flags part them";
    EXPECT_EQ(cost_of({unmap_op(iova(0), 64 * page)}), (Costs{1, 1, 1, 1}));
}

TEST_F(SimCosts, OfTheSamePageTwice)
{
    EXPECT_EQ(cost_of({map_page(0, 0), unmap_op(iova(0), page)}), (Costs{2, 2, 2, 1}));
    EXPECT_EQ(cost_of({map_page(0, 0), unmap_op(iova(0), page), map_page(1, 0), unmap_op(iova(1), page)}),
              (Costs{3, 4, 4, 2}))
        << "scattered pages share one list";
}

TEST_F(SimCosts, OfScatteredMemory)
{
    options.scattered = true;
    begin();
    EXPECT_EQ(cost_of({map_op(iova(0), region.id(), 0, 256 * page, both)}), (Costs{1, 1, 65, 0}));
    EXPECT_EQ(cost_of({unmap_op(iova(0), 256 * page)}), (Costs{1, 1, 1, 1}));
    // 127 slots of a list: 508 pages; the op shares no hypercall behind it.
    const Memory more(512);
    const Region large = must(space->add(more.all()));
    EXPECT_EQ(cost_of({map_op(iova(0), large.id(), 0, 510 * page, both), map_page(511, 0)}), (Costs{3, 3, 131, 0}));
    EXPECT_EQ(cost_of({unmap_op(iova(0), 510 * page), unmap_op(iova(511), page)}), (Costs{1, 2, 2, 1}));
}

TEST_F(SimCosts, AreCounted)
{
    cost_of({map_page(0, 0), map_page(1, 5), unmap_op(iova(0), page)});
    const Sim::Counters c = sim->counters();
    EXPECT_EQ(c.calls, 1U);
    EXPECT_EQ(c.maps, 2U);
    EXPECT_EQ(c.unmaps, 1U);
    EXPECT_EQ(c.pages_mapped, 2U);
    EXPECT_EQ(c.pages_unmapped, 1U);
    EXPECT_EQ(c.failed, 0U);
    run({unmap_op(iova(7), page)});
    EXPECT_EQ(sim->counters().failed, 1U);
    options.hypercall = std::chrono::microseconds(300);
    options.flush = std::chrono::microseconds(700);
    begin();
    const auto before = std::chrono::steady_clock::now();
    cost_of({map_page(0, 0)});
    cost_of({unmap_op(iova(0), page)});
    EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::microseconds(1300));
}

} // namespace
