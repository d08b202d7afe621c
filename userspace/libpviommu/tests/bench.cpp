// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The library's cost of a packet: bursts are mapped while the last bursts are
// unmapped, as in a mempool. Time is of an item: a pair of alloc and free,
// or a packet.
//   libpviommu-bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=15

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>
#include <pviommu/pviommu.h>
#include <pviommu/sim.h>

using namespace pviommu;

namespace {

constexpr unsigned burst = 64, pool_pages = 4096;

// All requests succeed: the rest is the library's own work.
class Nothing final : public Backend {
public:
    [[nodiscard]] const char *name() const noexcept override { return "nothing"; }
    Result<Info> info() noexcept override { return sim_.info(); }
    Result<std::uint64_t> take_window(std::uint64_t size, std::uint64_t limit) noexcept override
    {
        return sim_.take_window(size, limit);
    }
    Result<std::uint32_t> add_region(const void *, std::uint64_t, Access) noexcept override { return 1; }
    Result<void> del_region(std::uint32_t) noexcept override { return {}; }
    Result<unsigned> submit(std::span<Op> ops) noexcept override
    {
        for (Op &op : ops)
            op.status = 0;
        return 0;
    }

private:
    Sim sim_;
};

std::unique_ptr<Backend> sim()
{
    Sim::Options options;
    options.scattered = true;
    return std::make_unique<Sim>(options);
}
std::unique_ptr<Backend> nothing() { return std::make_unique<Nothing>(); }

// Pages of a pool, in any order.
struct Pool {
    std::byte *memory = static_cast<std::byte *>(::operator new (pool_pages *page_size, std::align_val_t{page_size}));
    std::vector<std::uint64_t> pages = std::vector<std::uint64_t>(pool_pages);
    unsigned at = 0;

    Pool()
    {
        std::iota(pages.begin(), pages.end(), 0);
        std::shuffle(pages.begin(), pages.end(), std::mt19937_64(1));
    }
    Pool(const Pool &) = delete;
    Pool &operator=(const Pool &) = delete;
    ~Pool() { ::operator delete (memory, std::align_val_t{page_size}); }
    void next(std::span<Place> places)
    {
        for (Place &place : places)
            place = {1, pages[at++ % pool_pages] * page_size};
    }
};

void pairs(benchmark::State &state)
{
    const auto space = Space::open(nothing(), {}).value();
    Lcore &lcore = space->lcore(0);
    for ([[maybe_unused]] auto _ : state) {
        const auto iova = lcore.alloc(1);
        benchmark::DoNotOptimize(iova);
        lcore.free(*iova, 1);
    }
}

void empty(benchmark::State &state)
{
    Pool pool;
    Place places[burst];
    for ([[maybe_unused]] auto _ : state) {
        pool.next(places);
        benchmark::DoNotOptimize(places);
    }
    state.SetItemsProcessed(state.iterations() * burst);
}

void bursts(benchmark::State &state, std::unique_ptr<Backend> (*backend)(), bool one_run)
{
    const auto space = Space::open(backend(), {}).value();
    Pool pool;
    const Region region = space->add({pool.memory, pool_pages * page_size}).value();
    Batch batch = Batch::create(space->lcore(0), 2 * burst).value();
    Place places[burst];
    std::uint64_t iova[burst] = {};
    bool failed = false;
    for ([[maybe_unused]] auto _ : state) {
        for (const std::uint64_t at : iova)
            if (at)
                failed |= !batch.unmap(at, page_size);
        pool.next(places);
        if (one_run) {
            const auto first = batch.map_burst(places, page_size, Access::read_write);
            for (unsigned i = 0; i < burst; i++)
                iova[i] = *first + i * page_size;
        } else {
            for (unsigned i = 0; i < burst; i++)
                iova[i] = *batch.map(places[i], page_size, Access::read_write);
        }
        failed |= batch.submit().value_or(1) != 0;
    }
    for (const std::uint64_t at : iova)
        failed |= !batch.unmap(at, page_size);
    failed |= batch.submit().value_or(1) != 0;
    if (failed)
        state.SkipWithError("an op failed");
    state.SetItemsProcessed(state.iterations() * burst);
}

BENCHMARK(pairs);
BENCHMARK(empty);
BENCHMARK_CAPTURE(bursts, map_burst_on_sim, sim, true);
BENCHMARK_CAPTURE(bursts, map_each_on_sim, sim, false);
BENCHMARK_CAPTURE(bursts, map_burst_on_nothing, nothing, true);
BENCHMARK_CAPTURE(bursts, map_each_on_nothing, nothing, false);

} // namespace

BENCHMARK_MAIN();
