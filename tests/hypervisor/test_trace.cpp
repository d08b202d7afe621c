// SPDX-License-Identifier: GPL-2.0-only
//
// Xen's trace records of a batch and of its flush.
#include "fixture.h"

#include <cstring>

namespace {

struct Event {
    uint32_t event;
    std::vector<uint32_t> words;
    bool operator==(const Event &) const = default;
};
using Events = std::vector<Event>;

// Records while the object lives.
class Trace {
    Events events_;

public:
    explicit Trace(bool on = true)
    {
        world::hooks.trace = [this](uint32_t event, const void *data, unsigned bytes) {
            std::vector<uint32_t> words(bytes / sizeof(uint32_t));
            EXPECT_EQ(words.size() * sizeof(uint32_t), bytes);
            EXPECT_LE(words.size(), TRACE_EXTRA_MAX);
            std::memcpy(words.data(), data, bytes);
            events_.push_back({event, words});
        };
        tb_init_done = on;
    }
    ~Trace()
    {
        tb_init_done = 0;
        world::hooks.trace = nullptr;
    }
    Trace(const Trace &) = delete;
    Trace &operator=(const Trace &) = delete;
    Events take() { return std::exchange(events_, {}); }
};

Event batch(xen_iommu_op_trc_batch t)
{
    return {XEN_IOMMUOP_TRC_batch, {t.slots, t.done, t.ops, t.failed, t.mapped, t.unmapped, t.error}};
}

Event flush(uint32_t runs, uint32_t frames, uint32_t waiting)
{
    return {XEN_IOMMUOP_TRC_flush, {runs, frames, waiting}};
}

TEST(Trace, OffRecordsNothing)
{
    Pv c;
    Trace trace(false);
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 2)), 0);
    EXPECT_EQ(c.op(op_unmap(kBase, 2)), 0);
    EXPECT_EQ(trace.take(), Events());
}

TEST(Trace, TellsWhatABatchDid)
{
    Pv c;
    Trace trace;
    EXPECT_EQ(c.statuses({op_map(kBase, 0x300, 3), op_map(kBase + 9, 0x310, 1)}), (Statuses{0, 0}));
    EXPECT_EQ(trace.take(), (Events{batch({.slots = 2, .done = 2, .ops = 2, .mapped = 4})})) << "maps need no flush";
    EXPECT_EQ(c.statuses({op_unmap(kBase, 3), op_unmap(kBase + 9, 1)}), (Statuses{0, 0}));
    EXPECT_EQ(trace.take(), (Events{flush(2, 4, 2), batch({.slots = 2, .done = 2, .ops = 2, .unmapped = 4})}));
    c.wind_up();
}

TEST(Trace, TellsOfFailures)
{
    Pv c;
    Trace trace;
    EXPECT_EQ(c.statuses({op_unmap(kBase, 1), op_map(kBase, 0x300, 2), op_map(kBase, 0x300, 1)}),
              (Statuses{-ENOENT, 0, -EEXIST}));
    EXPECT_EQ(trace.take(),
              (Events{batch({.slots = 3, .done = 3, .ops = 3, .failed = 2, .mapped = 2, .error = ENOENT})}));
    EXPECT_EQ(c.op(op_unmap(kBase, 2)), 0);
    trace.take();
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 1)), 0);
    trace.take();
    world::hooks.flush_fails = nth(0);
    EXPECT_EQ(c.op(op_unmap(kBase, 1)), -EIO);
    world::hooks.flush_fails = nullptr;
    EXPECT_EQ(trace.take(),
              (Events{flush(1, 1, 1), batch({.slots = 1, .done = 1, .ops = 1, .failed = 1, .error = EIO})}));
}

TEST(Trace, CountsAListAsOneOp)
{
    Pv c;
    Trace trace;
    std::vector<xen_iommu_op> ops = op_list(kBase, {0x300, 0x310, 0x320, 0x330, 0x340});
    const unsigned slots = ops.size();
    ops.push_back(op_map(kBase + 9, 0x300, 1));
    EXPECT_EQ(c.statuses(ops), (Statuses{0, 0}));
    EXPECT_EQ(trace.take(), (Events{batch({.slots = slots + 1, .done = slots + 1, .ops = 2, .mapped = 6})}));
}

TEST(Trace, TellsOfEachPart)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300, 3)), 0);
    Trace trace;
    world::hooks.preempt = nth(1);
    EXPECT_EQ(c.statuses({op_unmap(kBase, 1), op_unmap(kBase + 1, 1), op_unmap(kBase + 2, 1)}), (Statuses{0, 0, 0}));
    world::hooks.preempt = nullptr;
    EXPECT_EQ(trace.take(), (Events{flush(1, 2, 1), batch({.slots = 3, .done = 2, .ops = 2, .unmapped = 2}),
                                    flush(1, 1, 1), batch({.slots = 1, .done = 1, .ops = 1, .unmapped = 1})}));
}

TEST(Trace, OfTheWholeDomainHasNoRuns)
{
    Pv c;
    std::vector<xen_iommu_op> maps, unmaps;
    for (unsigned i = 0; i < 5; i++) {
        maps.push_back(op_map(kBase + 3 * i, 0x300, 1));
        unmaps.push_back(op_unmap(kBase + 3 * i, 1));
    }
    EXPECT_EQ(c.statuses(maps), Statuses(5, 0));
    Trace trace;
    EXPECT_EQ(c.statuses(unmaps), Statuses(5, 0));
    EXPECT_EQ(trace.take(), (Events{flush(0, 0, 5), batch({.slots = 5, .done = 5, .ops = 5, .unmapped = 5})}));
}

} // namespace
