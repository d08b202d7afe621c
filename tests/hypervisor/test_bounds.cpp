// SPDX-License-Identifier: GPL-2.0-only
//
// Work between two looks at pending work: at most the frames of one op.
#include "fixture.h"

#include <algorithm>

namespace {

constexpr unsigned kOps = 32, kNr = 1024;

// The most dropped references between two looks, in calls by vCPU 0.
class Stretches {
public:
    Stretches()
    {
        world::reset({});
        const auto look = [this] { return end(), false; };
        world::hooks.preempt = look;
        world::hooks.general_preempt = look;
    }
    ~Stretches() { world::hooks = {}; }

    // Every op succeeds; returns the longest stretch.
    unsigned long call(std::vector<xen_iommu_op> ops)
    {
        world::log = {};
        longest_ = 0;
        EXPECT_EQ(world::hypercall(0, world::dom(0), 0, ops.data(), static_cast<unsigned>(ops.size())).ret, 0);
        for (const xen_iommu_op &o : ops)
            EXPECT_EQ(o.status, 0) << "op " << o.op;
        end();
        return longest_;
    }

    void map_all()
    {
        std::vector<xen_iommu_op> ops = {op_claim(kBase, kOps * kNr)};
        for (unsigned i = 0; i < kOps; i++)
            ops.push_back(op_map(kBase + i * kNr, 0x300, kNr, kRead));
        call(ops);
    }

private:
    void end()
    {
        longest_ = std::max(longest_, world::log.puts);
        world::log.puts = 0;
    }

    unsigned long longest_ = 0;
};

std::vector<xen_iommu_op> for_each(const std::function<xen_iommu_op(uint64_t bfn)> &op)
{
    std::vector<xen_iommu_op> ops;
    for (unsigned i = 0; i < kOps; i++)
        ops.push_back(op(kBase + i * kNr));
    return ops;
}

TEST(Bounds, OfUnmaps)
{
    Stretches s;
    s.map_all();
    const unsigned long longest = s.call(for_each([](uint64_t bfn) { return op_unmap(bfn, kNr); }));
    EXPECT_GE(longest, kNr);
    EXPECT_LE(longest, 2048u);
}

TEST(Bounds, OfAFlushOfAllThatWasDeferred)
{
    Stretches s;
    s.map_all();
    EXPECT_EQ(s.call(for_each([](uint64_t bfn) { return op_unmap(bfn, kNr, kDefer); })), 0u);
    EXPECT_LE(s.call(for_each([](uint64_t bfn) { return op_flush(bfn, kNr); })), 2048u);
}

// An op on claims settles the batch before itself, in a stretch of its own.
TEST(Bounds, OfUnmapsBeforeARelease)
{
    Stretches s;
    s.map_all();
    std::vector<xen_iommu_op> ops = {op_unmap(kBase, kNr), op_unmap(kBase + kNr, kNr),
                                     op_release(kBase, kOps * kNr, kUnmapFirst)};
    EXPECT_LE(s.call(ops), 2048u);
    EXPECT_EQ(world::held(0x300), 0);
}

TEST(Bounds, SmallUnmapsShareOneFlush)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 120)), 0);
    std::vector<xen_iommu_op> ops;
    for (unsigned i = 0; i < 120; i++)
        ops.push_back(op_unmap(kBase + i));
    EXPECT_EQ(c.call(0, ops), 0);
    EXPECT_EQ(c.flushes.size(), 1u);
    c.wind_up();
}

// Settled in the middle of a batch, which goes on or is interrupted there.
TEST(Bounds, OfABatchThatGoesOn)
{
    for (const bool generic : {false, true})
        for (unsigned stop = 0; stop < 16; stop++) {
            Bare c({.generic = generic});
            EXPECT_EQ(c.op(op_claim(kBase, 8 * kNr)), 0);
            std::vector<xen_iommu_op> ops;
            for (unsigned i = 0; i < 5; i++)
                ops.push_back(op_map(kBase + i * kNr, 0x300, kNr, kRead));
            for (unsigned i = 0; i < 5; i++)
                ops.push_back(op_unmap(kBase + i * kNr, kNr));
            ops.push_back(op_plain(XEN_IOMMUOP_usage));
            c.preempt = [&](unsigned n) { return n == stop; };
            EXPECT_EQ(c.statuses(ops), Statuses(11, 0));
            c.wind_up();
        }
}

} // namespace
