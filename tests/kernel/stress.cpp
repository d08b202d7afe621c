// SPDX-License-Identifier: GPL-2.0-only
//
// Real threads under TSan, one for each simulated CPU. Buffers are mapped on one CPU and
// unmapped on another, timers fire, one CPU comes and goes, windows are trimmed, and
// unmapped pages become page tables and ordinary again.
// Then runs of BFNs alone, handed on with no order between CPUs but the allocator's
// own. At the end every BFN, reference and byte is back.
#include "driver.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

using namespace world;

namespace {

constexpr unsigned kWorkers = NR_CPUS;
constexpr unsigned kDead = NR_CPUS - 1;

// From one CPU to another. The giver does not see the taker's steps.
template <typename T> class Pipe {
    static constexpr size_t kSize = 64;
    std::array<T, kSize> slots_;
    std::atomic<size_t> head_ = 0, tail_ = 0;

public:
    bool put(const T &t)
    {
        const size_t head = head_.load(std::memory_order_relaxed);
        // Acquire, so that no slot is written during a read: the slots are many.
        if (head - tail_.load(std::memory_order_relaxed) >= kSize / 2)
            return false;
        slots_[head % kSize] = t;
        head_.store(head + 1, std::memory_order_release);
        return true;
    }
    bool take(T &t)
    {
        const size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_.load(std::memory_order_acquire))
            return false;
        t = slots_[tail % kSize];
        tail_.store(tail + 1, std::memory_order_relaxed);
        return true;
    }
};

void on_cpus(const std::function<void(unsigned)> &what)
{
    std::vector<std::thread> threads;
    for (unsigned cpu = 0; cpu < kWorkers; cpu++)
        threads.emplace_back([=] {
            register_thread();
            pin(cpu);
            what(cpu);
            unregister_thread();
        });
    for (std::thread &t : threads)
        t.join();
}

void buffers(unsigned seed)
{
    reset({.high = 2048, .low = 512, .fixed = true});
    set_threaded(true);
    // Mutexes, because the takers are many; they hide no race of per-CPU data.
    struct Shared {
        std::mutex lock;
        std::vector<std::pair<Mapping, Device *>> live;
    } shared;
    // As Linux' page allocator: the number of owners; -1: another owner at the moment.
    constexpr unsigned kFirst = 16, kPool = 64;
    std::array<std::atomic<int>, kPool> users = {};
    const auto take = [&](unsigned i) {
        int n = users[i].load(std::memory_order_relaxed);
        while (n >= 0 && !users[i].compare_exchange_weak(n, n + 1, std::memory_order_acq_rel))
            ;
        return n >= 0;
    };
    const auto put = [&](unsigned i) { users[i].fetch_sub(1, std::memory_order_acq_rel); };
    const auto other_use = [&](unsigned i) {
        int none = 0;
        if (!users[i].compare_exchange_strong(none, -1, std::memory_order_acq_rel))
            return;
        recycle(kFirst + i);
        users[i].store(0, std::memory_order_release);
    };
    {
        Device reuse(PVIOMMU_REUSE), lazy(PVIOMMU_LAZY), strict(PVIOMMU_STRICT), fixed(PVIOMMU_STATIC);
        const std::array<Device *, 5> devices = {&reuse, &lazy, &strict, &lazy, &fixed};
        std::atomic<bool> stop = false;
        std::thread clock([&] {
            register_thread();
            std::mt19937 random(seed);
            while (!stop) {
                pass_jiffies(1);
                if (random() % 8 == 0)
                    grace_period();
                if (random() % 8 == 0) {
                    cpu_down(kDead);
                    std::this_thread::yield();
                    cpu_up(kDead);
                }
                if (random() % 64 == 0)
                    pviommu_queues_drain();
                std::this_thread::yield();
            }
            unregister_thread();
        });
        on_cpus([&](unsigned cpu) {
            std::mt19937 random(seed * kWorkers + cpu);
            for (unsigned i = 0; i < 1500; i++) {
                Device *d = devices[random() % devices.size()];
                const unsigned page = random() % kPool;
                if (random() % 4 == 0)
                    other_use(random() % kPool);
                Mapping m;
                if (take(page)) {
                    m = d->map(kFirst + page, 1, {.limit = random() % 8 ? ~0ull : 0xffffffff});
                    if (!m)
                        put(page);
                }
                std::pair<Mapping, Device *> other{};
                {
                    const std::lock_guard<std::mutex> guard(shared.lock);
                    if (m)
                        shared.live.emplace_back(m, d);
                    if (!shared.live.empty() && random() % 32) {
                        std::swap(shared.live[random() % shared.live.size()], shared.live.back());
                        other = shared.live.back();
                        shared.live.pop_back();
                    }
                }
                if (other.second) {
                    other.second->unmap(other.first);
                    put(static_cast<unsigned>(other.first.pfn) - kFirst);
                }
                if (random() % 128 == 0)
                    irqs_off([] { bfn_reclaim(&pviommu_high.bfns); });
            }
        });
        stop = true;
        clock.join();
        for (const auto &[m, d] : shared.live)
            d->unmap(m);
    }
    set_threaded(false);
    end();
}

// The use of each BFN: not atomic, so that only the allocator keeps the users apart.
std::array<uint64_t, 2048> scratch;

void runs(unsigned seed)
{
    reset({.high = 2048});
    set_threaded(true);
    struct Run {
        uint64_t bfn;
        unsigned order;
    };
    std::array<Pipe<Run>, kWorkers> pipes;
    std::atomic<unsigned> working = kWorkers;
    on_cpus([&](unsigned cpu) {
        std::mt19937 random(seed * kWorkers + cpu);
        const auto give_back = [&] {
            Run r;
            while (pipes[cpu].take(r)) {
                scratch[r.bfn - kHigh] = cpu;
                irqs_off([&] {
                    u64 *cookie = bfn_slot(&pviommu_high.bfns, r.bfn);
                    if (*cookie != r.bfn)
                        violate("a cookie differs from its owner's write");
                    *cookie = 0;
                    bfn_free(&pviommu_high.bfns, r.bfn, r.order);
                });
            }
        };
        for (unsigned i = 0; i < 3000; i++) {
            const unsigned order = random() % 4 ? random() % 9 : 8;
            uint64_t bfn = kNone;
            irqs_off([&] {
                bfn = bfn_alloc(&pviommu_high.bfns, order);
                if (bfn != kNone)
                    *bfn_slot(&pviommu_high.bfns, bfn) = bfn;
                else if (random() % 16 == 0)
                    bfn_reclaim(&pviommu_high.bfns);
            });
            if (bfn == kNone) {
                give_back();
                std::this_thread::yield();
                continue;
            }
            scratch[bfn - kHigh] = cpu;
            while (!pipes[(cpu + 1) % kWorkers].put({bfn, order})) {
                give_back();
                std::this_thread::yield();
            }
            give_back();
            if (cpu == 0 && i % 64 == 0)
                grace_period();
        }
        working--;
        while (working) {
            give_back();
            std::this_thread::yield();
        }
        give_back();
    });
    set_threaded(false);
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        as_cpu(cpu, [] { irqs_off([] { bfn_reclaim(&pviommu_high.bfns); }); });
    irqs_off([] {
        const uint64_t all = bfn_alloc(&pviommu_high.bfns, 11);
        if (all == kNone)
            violate("the window is not whole again");
        else
            bfn_free(&pviommu_high.bfns, all, 11);
    });
    end();
}

} // namespace

int main(int argc, char **argv)
{
    using Clock = std::chrono::steady_clock;
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 5;
    const auto until = Clock::now() + std::chrono::seconds(seconds);
    unsigned rounds = 0;
    for (; Clock::now() < until; rounds++) {
        buffers(rounds);
        runs(rounds);
    }
    std::printf("%u rounds of %u threads\n", rounds, kWorkers);
    return rounds ? 0 : 1;
}
