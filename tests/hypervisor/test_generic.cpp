// SPDX-License-Identifier: GPL-2.0-only
//
// iommu-op=generic does the same as direct leaf tables, superpages and all.
#include "fixture.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace {

struct Outcome {
    Statuses statuses;
    std::vector<world::Translation> reach;
    std::vector<int> held;
    bool operator==(const Outcome &) const = default;
};

Outcome run(const world::Config &config, unsigned seed)
{
    std::mt19937 random(seed);
    const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
    Bare c(config);
    EXPECT_EQ(c.op(op_claim(kBase, kBaseNr)), 0);
    c.thorough = false;
    Outcome out;
    for (unsigned i = 0; i < 60; i++) {
        std::vector<xen_iommu_op> ops;
        for (unsigned j = 0; j < 1 + i % 5; j++) {
            const uint32_t sizes[] = {1, 2, 7, 64, 512, 513};
            const uint64_t bfn = kBase + (below(3) ? below(kBaseNr) : below(4) * 512);
            const uint32_t nr = sizes[below(6)];
            switch (below(6)) {
            case 0:
            case 1:
                // BFN and MFN agree modulo 512: candidates for a superpage.
                ops.push_back(op_map(bfn, 0x400 + bfn % 512, nr, below(3) ? kReadWrite : kRead));
                break;
            case 2:
                ops.push_back(op_unmap(bfn, nr, below(2)));
                break;
            case 3:
                ops.push_back(op_flush(kBase + below(2) * 1024, 1024));
                break;
            case 4: {
                if (c.model.entries.empty())
                    break;
                // A certain map.
                const auto it = c.model.entries.lower_bound(bfn);
                ops.push_back(op_unmap(it == c.model.entries.end() ? kBase : it->first, 1));
                break;
            }
            case 5: {
                std::vector<uint64_t> mfns(std::min<uint32_t>(nr, 64), 0x400 + bfn % 512);
                if (below(3))
                    std::iota(mfns.begin(), mfns.end(), mfns[0]);
                const std::vector<xen_iommu_op> list = op_list(bfn, mfns);
                ops.insert(ops.end(), list.begin(), list.end());
                break;
            }
            }
        }
        EXPECT_EQ(c.call(i % 3, ops), 0);
        for (const xen_iommu_op &o : ops)
            out.statuses.push_back(o.status);
    }
    for (uint64_t bfn = kBase; bfn < kBase + kBaseNr; bfn++) {
        world::Translation t = world::walk(bfn);
        t.order = 0;
        out.reach.push_back(t);
    }
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
        out.held.push_back(world::held(mfn));
    c.audit();
    c.wind_up();
    return out;
}

TEST(Generic, DoesTheSameAsDirect)
{
    for (unsigned seed = 0; seed < 40; seed++) {
        const Outcome direct = run({}, seed);
        EXPECT_TRUE(direct == run({.generic = true}, seed)) << seed;
        EXPECT_TRUE(direct == run({.generic = true, .caching_mode = true, .levels = 4}, seed)) << seed;
        EXPECT_TRUE(direct == run({.generic = true, .amd = true}, seed)) << seed;
        EXPECT_TRUE(direct == run({.amd = true}, seed)) << seed;
    }
}

TEST(Generic, UsesSuperpages)
{
    Pv c({.generic = true});
    EXPECT_EQ(c.op(op_map(kBase, 0x400, 512)), 0);
    EXPECT_EQ(world::walk(kBase).order, 9u);
    EXPECT_EQ(c.op(op_unmap(kBase + 100)), 0);
    EXPECT_EQ(world::walk(kBase).order, 0u) << "split";
    EXPECT_EQ(c.op(op_map(kBase + 100, 0x464)), 0);
    EXPECT_EQ(world::walk(kBase).order, 9u) << "and made again";
    c.wind_up();
}

// Found by review: unmap was taken to need no memory, and let the frame go.
TEST(Generic, UnmapWithoutMemoryToSplitHoldsTheFrame)
{
    Pv c({.generic = true});
    EXPECT_EQ(c.op(op_map(kBase, 0x400, 512)), 0);
    c.alloc_fails = [] { return true; };
    EXPECT_EQ(c.op(op_unmap(kBase + 100)), -EIO);
    EXPECT_TRUE(world::walk(kBase + 100).present) << "the unmap failed";
    EXPECT_EQ(world::held(0x464), 1);
    EXPECT_EQ(c.op(op_flush(kBase + 100)), -EIO);
    EXPECT_EQ(c.op(op_unmap(kBase + 200, 1, kDefer)), 0);
    EXPECT_EQ(c.op(op_flush(kBase + 200)), -EIO);
    EXPECT_EQ(world::held(0x4c8), 1);
    c.alloc_fails = nullptr;
    EXPECT_EQ(c.op(op_flush(kBase + 100)), 0);
    EXPECT_EQ(world::held(0x464), 0);
    EXPECT_FALSE(world::walk(kBase + 100).present);
    EXPECT_EQ(c.op(op_map(kBase + 100, 0x300)), 0);
    EXPECT_EQ(c.op(op_flush(kBase + 200)), 0);
    c.wind_up();
}

// Found by the fuzzer: another vCPU's table was queued to be freed, and the device still
// walked that table. A map in the new table was out of the device's reach.
TEST(Generic, BatchesExcludeEachOther)
{
    world::reset({.generic = true});
    xen_iommu_op ops[] = {op_claim(kBase), op_map(kBase, 0x300)};
    world::hypercall(0, world::dom(0), 0, ops, 2);
    bool locked = false, during = false;
    world::hooks.write_lock = [&] { locked = true; };
    world::hooks.write_unlock = [&] { locked = false; };
    world::hooks.before_flush = [&] { during = locked; };
    xen_iommu_op unmap = op_unmap(kBase);
    world::hypercall(0, world::dom(0), 0, &unmap, 1);
    world::hooks = {};
    EXPECT_TRUE(during);
    EXPECT_FALSE(locked);
}

} // namespace
