// SPDX-License-Identifier: GPL-2.0-only
//
// The BFN allocator beside Linux' iova.c, on the same shim. With Google Benchmark
// by default. `run SUBJECT ORDER PAIRS` runs the pairs, for an instruction counter,
// and prints the number of shared locks with warm caches.
#include "bench.h"

#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using Pairs = void (*)(unsigned order, unsigned long pairs);

struct Subject {
    const char *name;
    Pairs pairs;
};
constexpr Subject kSubjects[] = {{"pviommu", bench_pviommu}, {"linux-iova", bench_linux_iova}};

constexpr unsigned long kAtOnce = 100000;

void pairs(benchmark::State &state, Pairs what)
{
    bench_on_cpu(static_cast<unsigned>(state.thread_index()));
    const auto order = static_cast<unsigned>(state.range(0));
    what(order, 1000);
    for ([[maybe_unused]] auto _ : state)
        what(order, kAtOnce);
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kAtOnce));
}

BENCHMARK_CAPTURE(pairs, pviommu, bench_pviommu)->Arg(0)->Arg(3)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK_CAPTURE(pairs, linux_iova, bench_linux_iova)->Arg(0)->Arg(3)->Threads(1)->Threads(2)->UseRealTime();

int run(char **argv)
{
    const Pairs what = kSubjects[std::strcmp(argv[0], kSubjects[0].name) != 0].pairs;
    const auto order = static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10));
    const unsigned long n = std::strtoul(argv[2], nullptr, 10);
    what(order, 1000);
    const unsigned long before = bench_shared_locks();
    what(order, n);
    std::printf("%lu\n", bench_shared_locks() - before);
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    bench_init();
    if (argc == 5 && std::strcmp(argv[1], "run") == 0)
        return run(argv + 2);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
