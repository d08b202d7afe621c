// SPDX-License-Identifier: GPL-2.0-only
//
// map_list: the statuses of its table, all or nothing, and its own slots of the array.
#include "fixture.h"

namespace {

using Ops = std::vector<xen_iommu_op>;

Ops join(std::initializer_list<Ops> parts)
{
    Ops all;
    for (const Ops &p : parts)
        all.insert(all.end(), p.begin(), p.end());
    return all;
}

// MFNs from `first` on, in an order without neighbours.
std::vector<uint64_t> scattered(uint64_t first, size_t nr)
{
    std::vector<uint64_t> mfns(nr);
    for (size_t i = 0; i < nr; i++)
        mfns[i] = first + (i * 7 + 3) % nr;
    return mfns;
}

int list(Bare &c, uint64_t bfn, const std::vector<uint64_t> &mfns, unsigned flags = kReadWrite)
{
    return c.statuses(op_list(bfn, mfns, flags))[0];
}

TEST(List, HoldsWhatItMaps)
{
    Pv c;
    EXPECT_EQ(list(c, kBase, {0x305, 0x300, 0x305}), 0);
    EXPECT_EQ(list(c, kBase + 3, {0x300}, kRead), 0);
    EXPECT_EQ(list(c, kBase + 4, {0x300, 0x301, 0x302, 0x303}, kWrite), 0);
    EXPECT_EQ(world::held(0x300), 3);
    EXPECT_EQ(world::held_types(0x300), 2);
    EXPECT_EQ(world::held(0x305), 2);
    EXPECT_EQ(world::walk(kBase + 1).mfn, 0x300u);
    EXPECT_EQ(c.usage().mapped, 8u);
    c.wind_up();
}

TEST(List, OfEachLength)
{
    Pv c;
    for (size_t nr = 1; nr <= 18; nr++) {
        EXPECT_EQ(c.statuses(join({op_list(kBase, scattered(0x300, nr)), {op_unmap(kBase, nr)}})), (Statuses{0, 0}));
        EXPECT_EQ(world::held(0x300), 0);
    }
    c.wind_up();
}

TEST(List, OfTheMostFrames)
{
    for (const world::Config &config : {world::Config{}, world::Config{.generic = true, .caching_mode = true}}) {
        Pv c(config);
        EXPECT_EQ(list(c, kBase + 100, scattered(0x300, XEN_IOMMUOP_MAX_LIST)), 0);
        EXPECT_EQ(c.usage().mapped, 508u);
        EXPECT_EQ(c.usage().tables, 2u) << "across leaf tables";
        EXPECT_EQ(c.op(op_unmap(kBase + 100, 508)), 0);
        c.wind_up();
    }
}

TEST(List, WithNeighboursInItsBatch)
{
    Pv c;
    EXPECT_EQ(c.statuses(join({{op_map(kBase, 0x300), op_unmap(kBase)},
                               op_list(kBase, {0x310, 0x311}),
                               op_list(kBase + 1, {0x312, 0x310, 0x318, 0x317, 0x316}),
                               {op_unmap(kBase + 1, 5), op_map(kBase + 8, 0x300)},
                               op_list(kBase + 9, {0x313})})),
              (Statuses{0, 0, -EBUSY, 0, 0, 0, 0}));
    EXPECT_EQ(c.usage().mapped, 2u);
    c.wind_up();
}

TEST(List, Einval)
{
    Pv c;
    for (unsigned flags : {0u, kReadWrite | kMmio, kRead | kMmio | kYield, kYield, kRead | 16u, 0x8001u})
        EXPECT_EQ(list(c, kBase, {0x300}, flags), -EINVAL) << flags;
    Ops none = op_list(kBase, {0});
    none[0].u.list.nr = 0;
    EXPECT_EQ(c.statuses(none), (Statuses{-EINVAL, -EINVAL})) << "no slot is its own: an op 0";
}

TEST(List, EinvalOfWhatFollowsItsLast)
{
    Pv c;
    for (size_t nr = 1; nr < 8; nr++)
        for (size_t word = nr; word < (nr + 3) / 4 * 4; word++)
            for (uint64_t dirt : {uint64_t{1}, uint64_t{1} << 63, uint64_t{0x300}}) {
                std::vector<uint64_t> mfns = scattered(0x300, nr);
                mfns.resize((nr + 3) / 4 * 4);
                mfns[word] = dirt;
                Ops ops = op_list(kBase, mfns);
                ops[0].u.list.nr = static_cast<uint32_t>(nr);
                EXPECT_EQ(c.statuses(ops), Statuses{-EINVAL}) << nr << ", word " << word;
            }
    EXPECT_EQ(c.usage().tables, 0u) << "before anything is done";
}

// Its slots are its own in any case.
TEST(List, ThatFailsTakesItsSlots)
{
    Pv c;
    const xen_iommu_op like_an_op = op_map(kBase + 64, 0x300);
    for (unsigned bad = 0; bad < 6; bad++) {
        Ops ops = op_list(kBase + 16, std::vector<uint64_t>(8, 0x300));
        ops[1] = ops[2] = like_an_op;
        ops.push_back(op_map(kBase + bad, 0x310));
        xen_iommu_op_list &l = ops[0].u.list;
        switch (bad) {
        case 0:
            l.ctx = 1;
            break;
        case 1:
            l.pad0 = 1;
            break;
        case 2:
            l.pad1 = 1;
            break;
        case 3:
            ops[0].flags = 0;
            break;
        case 4:
            l.bfn = kBase - 1;
            break;
        case 5: // its "frames" are none
            break;
        }
        EXPECT_EQ(c.statuses(ops), (Statuses{bad < 4 ? -EINVAL : bad == 4 ? -ENOENT : -ENXIO, 0})) << bad;
    }
    EXPECT_EQ(c.usage().mapped, 6u);
    c.wind_up();
}

TEST(List, TooLongForTheArrayTakesAllOfIt)
{
    Pv c;
    Ops ops = op_list(kBase, std::vector<uint64_t>(8, 0x300));
    ops.resize(2);
    EXPECT_EQ(c.statuses(ops), Statuses{-EINVAL}) << "one slot too few";
    ops.resize(1);
    EXPECT_EQ(c.statuses(ops), Statuses{-EINVAL}) << "none";
    for (uint32_t nr : {13u, 14u, 509u, 4097u, 0x7fffffffu, 0x80000000u, 0xfffffffdu, 0xffffffffu}) {
        ops = join({{op_map(kBase + 9, 0x300)}, op_list(kBase, {0x300})});
        ops[1].u.list.nr = nr;
        ops.insert(ops.end(), 2, op_map(kBase, 0x300));
        EXPECT_EQ(c.statuses(ops), (Statuses{0, -EINVAL})) << nr;
        EXPECT_EQ(c.op(op_unmap(kBase + 9)), 0);
    }
    EXPECT_EQ(c.usage().mapped, 0u);
}

TEST(List, OfARefusedCallerTakesItsSlots)
{
    Pv c;
    Ops ops = op_list(kBase, std::vector<uint64_t>(4, 0x300));
    ops[1] = op_plain(XEN_IOMMUOP_query);
    ops = join({ops, {op_plain(XEN_IOMMUOP_query)}});
    world::xsm_allows = false;
    EXPECT_EQ(c.statuses(ops), (Statuses{-EPERM, 0}));
    ops.pop_back();
    ops[0].u.list.nr = ~0u;
    EXPECT_EQ(c.statuses(ops), Statuses{-EPERM}) << "before its length is looked at";
    world::xsm_allows = true;
    c.wind_up();
}

TEST(List, EnoentWhenNotInsideOneClaim)
{
    Pv c;
    EXPECT_EQ(c.op(op_claim(kBase + kBaseNr)), 0) << "a neighbour does not help";
    for (uint64_t bfn : {kBase - 1, kBase + kBaseNr - 1, uint64_t{0x300}, ~uint64_t{0}, kBase + (uint64_t{1} << 32)})
        EXPECT_EQ(list(c, bfn, {0x300, 0x301}), -ENOENT) << bfn;
    EXPECT_EQ(c.usage().tables, 0u);
}

TEST(List, WrongAtEachPlaceLeavesNothing)
{
    using namespace world;
    struct {
        uint64_t mfn;
        int status;
    } const wrong[] = {
        {kHole, -ENXIO},        {kVga, -ENXIO},  {kFrames, -ENXIO}, {~0ull, -ENXIO},   {(1ull << 40) - 1, -ENXIO},
        {(1ull << 52), -ENXIO}, {kXen, -EPERM},  {kFree, -EPERM},   {kDom1, -EPERM},   {(1ull << 52) + 0x300, -ENXIO},
        {(1ull << 63), -ENXIO}, {kPool, -EPERM}, {0x2ff, -EBUSY},   {0xf0000, -ENXIO},
    };
    Pv c;
    ASSERT_TRUE(set_page_table(0x2ff, true));
    for (const auto &w : wrong)
        for (unsigned at : {0u, 1u, 4u, 15u}) {
            std::vector<uint64_t> mfns = scattered(0x300, 16);
            mfns[at] = w.mfn;
            EXPECT_EQ(list(c, kBase + 500, mfns), w.status) << w.mfn << " at " << at;
            EXPECT_EQ(held(0x300) + held(0x305) + held_types(0x301), 0);
        }
    EXPECT_EQ(c.usage().mapped, 0u);
    EXPECT_EQ(list(c, kBase, {0x300, 0x2ff}, kRead), 0) << "a device may read a page table";
    c.wind_up();
}

TEST(List, SaysWhatIsWrongFirst)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase + 2, 0x300)), 0);
    EXPECT_EQ(list(c, kBase, {0x300, world::kHole, world::kXen, world::kXen}), -ENXIO);
    EXPECT_EQ(list(c, kBase, {0x300, world::kXen, world::kHole}), -EPERM);
    EXPECT_EQ(list(c, kBase, {0x300, 0x301, world::kXen}), -EEXIST);
    EXPECT_EQ(list(c, kBase, {0x300, ~0ull, 0x301}), -ENXIO);
}

TEST(List, OntoWhatIsInUse)
{
    Pv c;
    for (unsigned at : {0u, 3u, 11u, 12u, 19u}) {
        EXPECT_EQ(c.op(op_map(kBase + 500 + at, 0x400)), 0);
        EXPECT_EQ(list(c, kBase + 500, scattered(0x300, 20)), -EEXIST) << at;
        EXPECT_EQ(c.op(op_unmap(kBase + 500 + at, 1, kDefer)), 0);
        EXPECT_EQ(list(c, kBase + 500, scattered(0x300, 20)), -EBUSY) << at;
        EXPECT_EQ(c.op(op_flush(kBase + 500, 20)), 0);
        EXPECT_EQ(world::held(0x300), 0) << "all or nothing";
    }
    EXPECT_EQ(list(c, kBase + 500, scattered(0x300, 20)), 0);
    c.wind_up();
}

TEST(List, EnospcOverMaxTables)
{
    Bare c({.levels = 4, .memory = 0});
    c.thorough = false;
    EXPECT_EQ(c.op(op_claim(kBase, 512 * 1100)), 0);
    for (unsigned i = 0; i < 1024; i++)
        ASSERT_EQ(c.op(op_map(kBase + i * 512, 0x300, 1, kRead)), 0) << i;
    EXPECT_EQ(list(c, kBase + 1024 * 512 - 2, {0x301, 0x302, 0x303}), -ENOSPC);
    EXPECT_EQ(world::held(0x301), 0);
    c.thorough = true;
    c.audit();
    c.wind_up();
}

TEST(List, WithoutMemoryForALaterTable)
{
    Pv c;
    c.alloc_fails = nth(1);
    EXPECT_EQ(list(c, kBase + 508, {0x308, 0x301, 0x307, 0x302, 0x306}), -ENOMEM);
    EXPECT_EQ(world::held(0x308), 0);
    EXPECT_EQ(list(c, kBase + 508, {0x308, 0x301, 0x307, 0x302, 0x306}), 0);
    c.wind_up();
}

// The generic path carries frame by frame over, within reach of devices.
TEST(List, UndoneByTheGenericPath)
{
    Pv c({.generic = true});
    bool came = true;
    for (unsigned n = 0; came; n++) {
        came = false;
        c.alloc_fails = [&came, left = n]() mutable { return left-- == 0 && (came = true); };
        const int rc = list(c, kBase + 510, {0x308, 0x301, 0x307, 0x302, 0x306});
        c.alloc_fails = nullptr;
        EXPECT_EQ(rc, came ? -ENOMEM : 0);
        EXPECT_EQ(world::held(0x308), came ? 0 : 1);
        EXPECT_EQ(c.usage().mapped, came ? 0u : 5u);
    }
    c.wind_up();
}

TEST(List, IsPreemptedOnlyInFrontOfItAndBehind)
{
    for (unsigned stops = 0; stops < 8; stops++) {
        Pv c;
        const Ops ops = join({{op_map(kBase, 0x300)},
                              op_list(kBase + 510, scattered(0x310, 9)),
                              {op_unmap(kBase + 510, 9)},
                              op_list(kBase + 510, {0x308})});
        unsigned boundaries = 0;
        c.preempt = [&](unsigned n) {
            boundaries++;
            return stops & (1u << n);
        };
        const Statuses got = c.statuses(ops);
        EXPECT_EQ(got, (Statuses{0, 0, 0, stops & 4 ? 0 : -EBUSY})) << stops;
        EXPECT_EQ(boundaries, 3u) << "never inside a list";
        EXPECT_EQ(c.parts, 1u + (stops & 1) + (stops >> 1 & 1) + (stops >> 2));
        c.wind_up();
    }
}

TEST(List, ThatFailsIsContinuedBehind)
{
    Pv c;
    Ops ops = join({op_list(kBase, {0x300, world::kXen, 0x301, 0x302, 0x303}), {op_map(kBase, 0x310)}});
    c.preempt = [](unsigned) { return true; };
    EXPECT_EQ(c.statuses(ops), (Statuses{-EPERM, 0}));
    EXPECT_EQ(c.parts, 2u);
    ops[0].u.list.nr = ~0u;
    EXPECT_EQ(c.statuses(ops), Statuses{-EINVAL});
    EXPECT_EQ(c.parts, 1u) << "nothing is left of the array";
    c.wind_up();
}

TEST(List, IsReadOnce)
{
    Pv c;
    Ops ops = join({{op_map(kBase, 0x300)}, op_list(kBase + 1, {0x301})});
    c.at_boundary = [&] { ops[2] = op_plain(world::kXen); };
    EXPECT_EQ(c.call(0, ops), 0);
    EXPECT_EQ(world::held(0x301), 1);
}

TEST(List, OfAFlushThatFails)
{
    Pv c;
    c.flush_fails = [] { return true; };
    EXPECT_EQ(c.statuses(join({op_list(kBase, {0x301, 0x300, 0x305, 0x302, 0x303}), {op_unmap(kBase + 4)}})),
              (Statuses{0, -EIO}));
    c.flush_fails = nullptr;
    EXPECT_EQ(c.op(op_flush(kBase + 4)), 0);
    c.wind_up();
}

} // namespace
