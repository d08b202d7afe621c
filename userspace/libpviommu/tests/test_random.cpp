// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Random ops beside a model, and lcores that are threads. PVIOMMU_SEED=N gives
// other ops.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "fixture.h"

using namespace pviommu;

// Of kernel.c.
extern "C" {
struct rcu_head {
    rcu_head *next;
    void (*func)(rcu_head *head);
};
void shim_rcu_read_lock();
void shim_rcu_read_unlock();
void shim_call_rcu(rcu_head *head, void (*func)(rcu_head *head));
void shim_rcu_run();
}

namespace {

std::uint64_t seed()
{
    const char *given = std::getenv("PVIOMMU_SEED");
    return given ? std::strtoull(given, nullptr, 0) : 1;
}

class Random {
public:
    explicit Random(std::uint64_t salt) : engine_(seed() * 1000 + salt) {}
    std::uint64_t below(std::uint64_t n) { return engine_() % n; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }

private:
    std::mt19937_64 engine_;
};

// The maps of a window's pages, by the words of docs/device.md.
class Model {
public:
    static constexpr std::uint64_t pages = 512, memory = 32;
    struct Region {
        std::uint64_t pages;
        unsigned flags;
    };
    std::map<std::uint32_t, Region> regions;
    std::map<std::uint64_t, std::uint32_t> mapped; // region of a page

    explicit Model(std::uint64_t base) : base_(base) {}
    int carry_out(const Op &op)
    {
        const bool maps = op.op == XEN_PVIOMMU_OP_MAP;
        if (int status = fields(op))
            return status;
        if (op.iova < base_ || op.iova + op.size > base_ + pages * page)
            return -ENXIO;
        if (maps) {
            const auto region = regions.find(op.region);
            if (region == regions.end())
                return -ENOENT;
            if ((op.flags & region->second.flags) != op.flags)
                return -EACCES;
            if (op.offset + op.size > region->second.pages * page)
                return -ERANGE;
        }
        const std::uint64_t first = (op.iova - base_) / page, nr = op.size / page;
        for (std::uint64_t i = first; i < first + nr; i++)
            if (mapped.contains(i) == maps)
                return maps ? -EEXIST : -ENOENT;
        for (std::uint64_t i = first; i < first + nr; i++) {
            if (maps)
                mapped[i] = op.region;
            else
                mapped.erase(i);
        }
        return 0;
    }
    [[nodiscard]] bool is_mapped(std::uint32_t id) const
    {
        for (const auto &[at, region] : mapped)
            if (region == id)
                return true;
        return false;
    }

private:
    static int fields(const Op &op)
    {
        const bool maps = op.op == XEN_PVIOMMU_OP_MAP;
        if ((!maps && op.op != XEN_PVIOMMU_OP_UNMAP) || op.pad0 || op.size == 0)
            return -EINVAL;
        if (op.iova % page || op.size % page || op.offset % page || op.iova + op.size < op.iova)
            return -EINVAL;
        return maps ? (op.flags < 1 || op.flags > 3 ? -EINVAL : 0) : (op.flags || op.region || op.offset ? -EINVAL : 0);
    }
    std::uint64_t base_;
};

Op random_op(Random &random, std::uint64_t base)
{
    const std::uint64_t nr = random.one_in(8) ? 1 + random.below(40) : 1 + random.below(4);
    const std::uint64_t at = base + random.below(random.one_in(20) ? 520 : 48) * page;
    Op op = random.one_in(2)
                ? unmap_op(at, nr * page)
                : map_op(at, static_cast<std::uint32_t>(random.below(5)), random.below(Model::memory) * page, nr * page,
                         static_cast<Access>(1 + random.below(3)));
    if (random.one_in(30))
        op.op = static_cast<std::uint16_t>(random.below(4));
    if (random.one_in(30))
        op.flags = static_cast<std::uint16_t>(random.below(8));
    if (random.one_in(30))
        op.iova += random.below(2) ? 1 : -at;
    if (random.one_in(30))
        op.pad0 = static_cast<std::uint32_t>(random.below(2));
    return op;
}

TEST(Model, RandomOpsHaveItsStatuses)
{
    Random random(1);
    const auto backend = new_backend();
    Model model(must(backend->take_window(2 * MiB, no_limit)));
    const std::uint64_t base = must(backend->info()).window;
    const Memory memory(Model::memory);
    unsigned good = 0;
    for (unsigned round = 0; round < 1000; round++) {
        if (random.one_in(5)) {
            const std::uint64_t pages = 1 + random.below(Model::memory);
            const auto access = static_cast<Access>(1 + random.below(3));
            if (model.regions.size() < 4)
                model.regions[must(backend->add_region(memory.at(), pages * page, access))] = {
                    pages, static_cast<unsigned>(access)};
            const auto id = static_cast<std::uint32_t>(random.below(5));
            const int want = !model.regions.contains(id) ? ENOENT : model.is_mapped(id) ? EBUSY : 0;
            ASSERT_EQ(errno_of(backend->del_region(id)), want) << "round " << round;
            if (!want)
                model.regions.erase(id);
        }
        std::vector<Op> ops(random.below(random.one_in(10) ? 600 : 20));
        std::vector<int> want;
        for (Op &op : ops) {
            op = random_op(random, base);
            want.push_back(model.carry_out(op));
            good += want.back() == 0;
        }
        must(backend->submit(ops));
        ASSERT_EQ(statuses(ops), want) << "round " << round;
    }
    EXPECT_GT(good, 1000U) << "they do something";
}

// The holder of each page of the window: one at a time.
class Owners {
public:
    explicit Owners(const Space &space) : base_(space.base()), owned_(space.size() / page) {}
    void take(std::uint64_t iova, std::uint64_t pages)
    {
        for (std::uint64_t i = 0; i < pages; i++)
            if (owned_[(iova - base_) / page + i].exchange(true))
                wrong_ = true;
    }
    void give(std::uint64_t iova, std::uint64_t pages)
    {
        for (std::uint64_t i = 0; i < pages; i++)
            if (!owned_[(iova - base_) / page + i].exchange(false))
                wrong_ = true;
    }
    [[nodiscard]] bool wrong() const { return wrong_; }

private:
    std::uint64_t base_;
    std::vector<std::atomic<bool>> owned_;
    std::atomic<bool> wrong_{false};
};

// Runs that lcores pass to each other.
class Box {
public:
    struct Run {
        std::uint64_t iova, pages;
    };
    void put(Run run)
    {
        const std::lock_guard guard(lock_);
        runs_.push_back(run);
    }
    std::vector<Run> take()
    {
        const std::lock_guard guard(lock_);
        return std::exchange(runs_, {});
    }

private:
    std::mutex lock_;
    std::vector<Run> runs_;
};

// One lcore: maps runs and bursts, passes some on, unmaps runs of others.
void work(Space &space, const Region &region, unsigned i, std::vector<Box> &boxes, Owners &owners, unsigned rounds)
{
    Random random(100 + i);
    Batch batch = must(Batch::create(space.lcore(i), 512));
    std::vector<Box::Run> held;
    for (unsigned round = 0; round < rounds; round++) {
        for (const Box::Run &run : boxes[i].take())
            held.push_back(run);
        std::vector<Box::Run> fresh;
        // An owner releases the page before the unmap: later another owner may have the page.
        while (!held.empty() && batch.room() > 64 && (round + 1 == rounds || random.one_in(2) || held.size() > 300)) {
            std::swap(held[random.below(held.size())], held.back());
            owners.give(held.back().iova, held.back().pages);
            must(batch.unmap(held.back().iova, held.back().pages * page));
            held.pop_back();
        }
        while (round + 1 < rounds && batch.room() > 64 && !random.one_in(8)) {
            const std::uint64_t nr = random.one_in(3) ? 1 + random.below(64) : 1, pages = 1 + random.below(2);
            std::vector<Place> places(nr);
            for (Place &place : places)
                place = region.at(random.below(62) * page);
            const Result<std::uint64_t> iova = batch.map_burst(places, pages * page, both);
            if (!iova)
                break; // none are free now
            for (std::uint64_t n = 0; n < nr; n++)
                fresh.push_back({*iova + n * pages * page, pages});
        }
        EXPECT_EQ(must(batch.submit()), 0U);
        for (const Box::Run &run : fresh) {
            owners.take(run.iova, run.pages);
            if (random.one_in(2))
                boxes[(i + 1) % boxes.size()].put(run);
            else
                held.push_back(run);
        }
        while (round + 1 == rounds && (!held.empty() || batch.size())) {
            while (!held.empty() && batch.room()) {
                owners.give(held.back().iova, held.back().pages);
                must(batch.unmap(held.back().iova, held.back().pages * page));
                held.pop_back();
            }
            EXPECT_EQ(must(batch.submit()), 0U);
        }
    }
}

TEST(Threads, HoldEachAddressOnce)
{
    constexpr unsigned lcores = 4;
    const auto space = new_space(8 * MiB, lcores);
    const Memory memory(64);
    Region region = must(space->add(memory.all()));
    Owners owners(*space);
    std::vector<Box> boxes(lcores);
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < lcores; i++)
            threads.emplace_back([&, i] { work(*space, region, i, boxes, owners, 200); });
    }
    EXPECT_FALSE(owners.wrong());
    // Runs passed to lcores that had ended.
    Batch batch = must(Batch::create(space->lcore(0), 1));
    for (Box &box : boxes)
        for (const Box::Run &run : box.take()) {
            must(batch.unmap(run.iova, run.pages * page));
            EXPECT_EQ(must(batch.submit()), 0U);
        }
    EXPECT_EQ(space->stats().in_use, 0U);
    EXPECT_EQ(space->stats().leaked, 0U);
    must(region.remove());
}

// Memory freed after a grace period is freed after its current readers.
TEST(Threads, WaitForReaders)
{
    static std::atomic<bool> reads, has_left, had_left, ran;
    reads = has_left = had_left = ran = false;
    std::jthread reader([] {
        shim_rcu_read_lock();
        reads = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_FALSE(ran);
        has_left = true;
        shim_rcu_read_unlock();
    });
    while (!reads)
        std::this_thread::yield();
    rcu_head head{};
    shim_call_rcu(&head, [](rcu_head *) {
        had_left = has_left.load();
        ran = true;
    });
    EXPECT_FALSE(ran) << "no grace period was requested yet";
    shim_rcu_run();
    EXPECT_TRUE(ran);
    EXPECT_TRUE(had_left);
}

} // namespace
