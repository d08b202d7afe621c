// SPDX-License-Identifier: GPL-2.0-only
//
// The start of each test: a world with two windows, taken down in good order.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "driver.h"

constexpr unsigned kDead = NR_CPUS - 1; // the CPU of hotplug

// The n-th call is true, counted from 0.
inline std::function<bool()> nth(unsigned n)
{
    return [n]() mutable { return n-- == 0; };
}

class Pv : public testing::Test {
public:
    world::Config config;
    struct Sent {
        std::vector<xen_iommu_op> ops; // without the slots of their lists
        unsigned slots = 0;
        unsigned count(unsigned op) const
        {
            unsigned n = 0;
            for (const xen_iommu_op &o : ops)
                n += o.op == op;
            return n;
        }
    };
    std::vector<Sent> sent; // all hypercalls

    explicit Pv(const world::Config &c = {}) : config(c) { begin(c); }
    ~Pv() override
    {
        if (!ended)
            world::end();
    }
    void restart(const world::Config &c)
    {
        world::end();
        begin(c);
    }
    void begin(const world::Config &c)
    {
        world::reset(c);
        sent.clear();
        world::hooks.called = [this](const xen_iommu_op *op, unsigned n) {
            Sent s{{}, n};
            for (const xen_iommu_op *end = op + n; op < end; op += world::slots_of(*op))
                s.ops.push_back(*op);
            sent.push_back(s);
        };
    }
    void finish()
    {
        ended = true;
        world::end();
    }

    static bfn_window &high() { return pviommu_high.bfns; }
    static uint64_t alloc(unsigned order, bfn_window &w = pviommu_high.bfns)
    {
        uint64_t bfn = 0;
        world::irqs_off([&] { bfn = bfn_alloc(&w, order); });
        return bfn;
    }
    static void free(uint64_t bfn, unsigned order, bfn_window &w = pviommu_high.bfns)
    {
        world::irqs_off([&] { bfn_free(&w, bfn, order); });
    }
    static uint64_t alloc_on(unsigned cpu, unsigned order)
    {
        uint64_t bfn = 0;
        world::as_cpu(cpu, [&] { bfn = alloc(order); });
        return bfn;
    }
    static void free_on(unsigned cpu, uint64_t bfn, unsigned order)
    {
        world::as_cpu(cpu, [&] { free(bfn, order); });
    }
    static void reclaim_all()
    {
        for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
            if (world::online(cpu))
                world::as_cpu(cpu, [] { world::irqs_off([] { bfn_reclaim(&pviommu_high.bfns); }); });
    }
    // All runs of that order.
    static std::vector<uint64_t> exhaust(unsigned order)
    {
        std::vector<uint64_t> all;
        for (uint64_t bfn = alloc(order); bfn != world::kNone; bfn = alloc(order))
            all.push_back(bfn);
        return all;
    }
    static bfn_chunk *chunk_of(uint64_t bfn) { return high().chunk[(bfn - high().start) / BFN_CHUNK_SIZE]; }

private:
    bool ended = false;
};
