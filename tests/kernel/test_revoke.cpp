// SPDX-License-Identifier: GPL-2.0-only
//
// Mappings that a driver left, which are taken from its device: revoke.c.
#include "fixture.h"

using namespace world;

class Revoke : public Pv {
public:
    explicit Revoke(const Config &c = {}) : Pv(c)
    {
        gone.set_owner(1);
        other.set_owner(255);
    }
    Device gone{PVIOMMU_STRICT}, other{PVIOMMU_STRICT}, nobodys{PVIOMMU_STRICT};

    static bool reached(const Mapping &m) { return entry(m.bfn()).cached; }
    static bool in_use(const Mapping &m) { return is_handed_out(m.bfn()) && entry(m.bfn()).yielded; }
    static uint64_t desc(const Mapping &m)
    {
        uint64_t desc = 0;
        irqs_off([&] { desc = *bfn_slot(&high(), m.bfn()); });
        return desc;
    }
};

TEST_F(Revoke, TakesWhatIsTheOwners)
{
    const Mapping a = gone.map(8), b = other.map(16), c = gone.map(20, 5), d = nobodys.map(32),
                  read = gone.map(40, 1, {.write = false});
    const pviommu_revoked r = gone.revoke();
    EXPECT_EQ(r.runs, 3u);
    EXPECT_EQ(r.error, 0);
    for (const Mapping &m : {a, c, read})
        EXPECT_TRUE(!reached(m) && in_use(m)) << m.bfn();
    EXPECT_TRUE(reached(b) && reached(d));
    EXPECT_EQ(cached(), 2u) << "nothing of the five pages is left";
    EXPECT_EQ(gone.revoke().runs, 0u) << "once";
    for (const Mapping &m : {a, c, read})
        EXPECT_EQ(gone.unmap(m), 0) << "its unmap comes late";
    other.unmap(b);
    nobodys.unmap(d);
    EXPECT_EQ(counter(PVIOMMU_STALE), 0u) << "no memory was lost";
}

// Unmapped memory belongs to nobody, while its mapping waits or idles.
TEST_F(Revoke, LeavesWhatWaitsOrIdles)
{
    for (const pviommu_mode mode : {PVIOMMU_LAZY, PVIOMMU_REUSE}) {
        gone.set_mode(mode);
        other.set_mode(mode);
        const Mapping a = gone.map(8);
        gone.unmap(a);
        EXPECT_EQ(gone.revoke().runs, 0u);
        EXPECT_TRUE(reached(a));
        const Mapping again = other.map(8);
        EXPECT_EQ(again.bfn() == a.bfn(), mode == PVIOMMU_REUSE) << "another device takes it over";
        EXPECT_EQ(gone.revoke().runs, 0u);
        EXPECT_TRUE(reached(again));
        EXPECT_EQ(other.revoke().runs, 1u);
        EXPECT_FALSE(reached(again));
        other.unmap(again);
        EXPECT_FALSE(is_handed_out(again.bfn())) << "it neither waits nor idles";
        pviommu_queues_drain();
    }
}

TEST_F(Revoke, OfEachKindOfRun)
{
    const Mapping list = gone.map_pages({50, 60, 70}), gaps = gone.map_list({{80, 1}, {90, 2, 3}}),
                  shifted = gone.map(101, 2, {.align = 4}), strict = gone.map(110, 1, {.strict = true}),
                  odd = gone.map(121);
    EXPECT_EQ(gone.revoke().runs, 5u);
    EXPECT_EQ(cached(), 0u);
    EXPECT_TRUE(desc(gaps) & PVIOMMU_DESC_GAPS);
    EXPECT_FALSE(desc(odd) & PVIOMMU_DESC_GAPS) << "its page number was odd, and it has no gaps";
    for (const Mapping &m : {list, shifted, strict, odd})
        EXPECT_EQ(gone.unmap(m), 0);
    EXPECT_EQ(gone.unmap_list(gaps), 0);
    EXPECT_EQ(mapped(), 0u);
}

TEST_F(Revoke, ALongRunInPieces)
{
    set_max_frames(64);
    const Mapping m = gone.map(1, 700), after = gone.map(800, 40), last = gone.map(850, 40);
    sent.clear();
    EXPECT_EQ(gone.revoke().runs, 3u);
    EXPECT_EQ(cached(), 0u);
    for (const Sent &s : sent) {
        uint64_t frames = 0;
        for (const xen_iommu_op &o : s.ops)
            frames += o.u.range.nr;
        EXPECT_LE(frames, 64u) << "while the machine stands still";
    }
    EXPECT_EQ(gone.unmap(m), 0);
    EXPECT_EQ(gone.unmap(after), 0);
    EXPECT_EQ(gone.unmap(last), 0);
}

TEST_F(Revoke, ManyInFewCalls)
{
    std::vector<Mapping> all;
    for (unsigned i = 0; i < 200; i++)
        all.push_back(gone.map(16 + 2 * i));
    sent.clear();
    EXPECT_EQ(gone.revoke().runs, 200u);
    EXPECT_LE(sent.size(), 4u);
    for (const Mapping &m : all)
        EXPECT_TRUE(!reached(m) && in_use(m));
    for (const Mapping &m : all)
        EXPECT_EQ(gone.unmap(m), 0);
}

TEST_F(Revoke, InTheLowWindow)
{
    const Mapping low = gone.map(8, 1, {.limit = 0xffffffff});
    EXPECT_EQ(gone.revoke().runs, 1u);
    EXPECT_FALSE(reached(low));
    EXPECT_EQ(gone.unmap(low), 0);
}

TEST_F(Revoke, SaysThatXenRefused)
{
    const Mapping a = gone.map(8), b = gone.map(16);
    hooks.op_fails = [&](const xen_iommu_op &o) {
        return o.op == XEN_IOMMUOP_revoke && o.u.range.bfn == a.bfn() ? -EIO : 0;
    };
    const pviommu_revoked r = gone.revoke();
    hooks.op_fails = nullptr;
    EXPECT_EQ(r.error, -EIO);
    EXPECT_EQ(counter(PVIOMMU_ERRORS), 1u);
    EXPECT_TRUE(reached(a) && !reached(b));
    EXPECT_EQ(gone.unmap(a), 0);
    EXPECT_EQ(gone.unmap(b), 0);
}

TEST_F(Revoke, WhatYieldedBefore)
{
    const Mapping a = gone.map(8);
    recycle(8);
    EXPECT_EQ(gone.revoke().runs, 1u);
    EXPECT_EQ(gone.unmap(a), 0);
    EXPECT_EQ(counter(PVIOMMU_STALE), 1u);
}

// A descriptor in use has no bit of the owner's but its device's.
TEST_F(Revoke, WordsSayWhose)
{
    const Mapping a = other.map(8), b = nobodys.map(9);
    EXPECT_EQ(desc(a) & PVIOMMU_DESC_OWNER, pviommu_desc_owner(255));
    EXPECT_EQ(desc(b) & PVIOMMU_DESC_OWNER, 0u);
    other.unmap(a);
    nobodys.unmap(b);
}
