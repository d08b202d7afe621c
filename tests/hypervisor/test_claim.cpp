// SPDX-License-Identifier: GPL-2.0-only
//
// claim and release: statuses, bounds, and the rest after a release.
#include "fixture.h"

namespace {

constexpr uint64_t kEnd = 1ull << 27;

TEST(Claim, Einval)
{
    Bare c;
    for (uint32_t nr : {0u, 1u, 511u, 513u, (1u << 24) + 512, ~0u, ~511u})
        EXPECT_EQ(c.op(op_claim(kBase, nr)), -EINVAL) << nr;
    EXPECT_EQ(c.op(op_claim(kBase + 1)), -EINVAL);
    EXPECT_EQ(c.op(op_claim(kBase + 256)), -EINVAL);
}

TEST(Claim, Erange)
{
    for (unsigned levels : {3u, 4u}) {
        Bare c({.levels = levels});
        const uint64_t end = 1ull << (9 * levels);
        for (uint64_t bfn : std::initializer_list<uint64_t>{end, 1ull << 40, 1ull << 52, ~511ull, 1ull << 63})
            EXPECT_EQ(c.op(op_claim(bfn)), -ERANGE) << bfn;
        EXPECT_EQ(c.op(op_claim(end - 512, 1024)), -ERANGE);
        EXPECT_EQ(c.op(op_claim(end - 512)), 0) << "the last";
        EXPECT_EQ(c.op(op_map(end - 1, 0x300)), 0);
        EXPECT_EQ(c.op(op_map(end - 1, 0x300, 2)), -ENOENT);
        c.wind_up();
    }
}

TEST(Claim, EaddrinuseOverReserved)
{
    Bare c({.extra_reserved = 1});
    EXPECT_EQ(c.op(op_claim(0xfee00)), -EADDRINUSE) << "interrupts";
    EXPECT_EQ(c.op(op_claim(0xfe000, 4096)), -EADDRINUSE);
    EXPECT_EQ(c.op(op_claim(0x4000000)), -EADDRINUSE);
    EXPECT_EQ(c.op_to_end(op_plain(XEN_IOMMUOP_drop_host_map)), 0);
    EXPECT_EQ(c.op(op_claim(0x1400)), -EADDRINUSE) << "an RMRR stays when the host map goes";
    c.wind_up();
}

TEST(Claim, EexistOverClaims)
{
    Pv c;
    for (uint64_t bfn : {kBase, kBase + 512, kBase + kBaseNr - 512, kBase - 512})
        EXPECT_EQ(c.op(op_claim(bfn, 1024)), -EEXIST);
    EXPECT_EQ(c.op(op_claim(kBase - 512, kBaseNr + 1024)), -EEXIST);
    EXPECT_EQ(c.op(op_claim(kBase - 512)), 0);
    EXPECT_EQ(c.op(op_claim(kBase + kBaseNr)), 0);
    c.wind_up();
}

TEST(Claim, EexistOverTheHostMap)
{
    Bare c;
    for (uint64_t bfn : {0x0, 0x200, 0xe00, 0x2000, 0x2e00})
        EXPECT_EQ(c.op(op_claim(bfn)), -EEXIST) << bfn;
    EXPECT_EQ(c.op(op_claim(0x1600, 1024)), -EEXIST) << "its first half";
    EXPECT_EQ(c.op(op_claim(0x1800, 2560)), -EEXIST) << "its end";
    EXPECT_EQ(c.op(op_claim(0x1800, 2048)), 0) << "a hole";
    EXPECT_EQ(c.op(op_claim(0x3000, 512)), 0) << "above it";
    c.wind_up();
}

TEST(Claim, EnospcOver64)
{
    Bare c;
    c.thorough = false;
    for (unsigned i = 0; i < 64; i++)
        EXPECT_EQ(c.op(op_claim(kBase + i * 512)), 0);
    EXPECT_EQ(c.op(op_claim(kBase + 64 * 512)), -ENOSPC);
    EXPECT_EQ(c.usage().claims, 64u);
    EXPECT_EQ(c.op(op_map(kBase + 511, 0x300, 2)), -ENOENT) << "two neighbours stay two claims";
    EXPECT_EQ(c.op(op_release(kBase + 512)), 0);
    EXPECT_EQ(c.op(op_claim(kBase + 64 * 512)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 64 * 512, 0x300)), 0);
    EXPECT_EQ(c.op(op_map(kBase + 63 * 512, 0x300)), 0);
    c.audit();
    c.wind_up();
}

TEST(Claim, Enomem)
{
    Pv c;
    c.alloc_fails = nth(0);
    EXPECT_EQ(c.op(op_claim(0x200000)), -ENOMEM);
    EXPECT_EQ(c.op(op_claim(0x200000)), 0);
    c.wind_up();
}

TEST(Claim, OfTheMost)
{
    Bare c({.levels = 4});
    c.general_preempt = [] { return true; };
    EXPECT_EQ(c.op(op_claim(1ull << 24, 1u << 24)), 0);
    EXPECT_EQ(c.op(op_map((1ull << 25) - 4, 0x300, 4)), 0);
    EXPECT_EQ(c.op(op_release(1ull << 24, 1u << 24, kUnmapFirst)), 0);
    c.wind_up();
}

TEST(Claim, InterruptedGoesOn)
{
    for (unsigned stop = 0; stop < 8; stop++) {
        Bare c;
        EXPECT_EQ(c.op_to_end(op_plain(XEN_IOMMUOP_drop_host_map)), 0);
        EXPECT_EQ(c.op(op_claim(kBase)), 0);
        EXPECT_EQ(c.op(op_map(kBase, 0x300)), 0);
        // Directories below exist in part, so the claim looks at several.
        c.general_preempt = nth(stop);
        EXPECT_EQ(c.op(op_claim(kBase + 512, 1u << 20)), 0);
        EXPECT_EQ(c.op(op_claim(kBase - 1024, 1024)), 0);
        EXPECT_EQ(c.op(op_claim(kEnd - (1u << 24), 1u << 24)), 0);
        c.wind_up();
    }
}

// BFNs that an interrupted claim found vacant may be taken later.
TEST(Claim, InterruptedSeesWhatCameMeanwhile)
{
    const std::vector<std::vector<xen_iommu_op>> meanwhile = {
        {op_claim(kBase, 512)},
        {op_claim(kBase + 512 * 3, 512)},
        {op_claim(0x0, 512), op_plain(XEN_IOMMUOP_restore_host_map)},
        std::vector<xen_iommu_op>(2, op_plain(XEN_IOMMUOP_restore_host_map)),
        std::vector<xen_iommu_op>(3, op_plain(XEN_IOMMUOP_restore_host_map)),
        {op_claim(kBase, 512), op_release(kBase, 512)},
    };
    for (const auto &others : meanwhile)
        for (uint64_t bfn : {kBase, world::kRam2, uint64_t{0x1800}, uint64_t{0x1000000}}) {
            Bare c;
            EXPECT_EQ(c.op_to_end(op_plain(XEN_IOMMUOP_drop_host_map)), 0);
            c.general_preempt = nth(0);
            c.between_parts = [&] {
                c.between_parts = nullptr;
                std::vector<xen_iommu_op> ops = others;
                c.call(1, ops);
            };
            c.op(op_claim(bfn, 1u << 19)); // ends below the MSI range; the model knows
            c.wind_up();
        }
}

// Where an interrupted claim goes on is its own affair.
TEST(Claim, InterruptedHelpsNoOther)
{
    Bare c;
    c.general_preempt = nth(0);
    c.between_parts = [&] {
        c.between_parts = nullptr;
        EXPECT_EQ(c.op(op_claim(0x2000, 0x2000), 1), -EEXIST) << "its first half is the host map's";
    };
    EXPECT_EQ(c.op(op_claim(0x3000, 0x10000)), 0);
    EXPECT_EQ(c.parts, 2u);
    c.wind_up();
}

TEST(Release, Statuses)
{
    Pv c;
    EXPECT_EQ(c.op(op_release(kBase, 512)), -ENOENT) << "a part of it";
    EXPECT_EQ(c.op(op_release(kBase + 512, kBaseNr - 512)), -ENOENT);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr + 512)), -ENOENT);
    EXPECT_EQ(c.op(op_release(0x200000)), -ENOENT);
    EXPECT_EQ(c.op(op_release(~0ull, ~0u)), -ENOENT);
    EXPECT_EQ(c.op(op_release(kBase, 0)), -EINVAL);
    EXPECT_EQ(c.op(op_map(kBase, 0x300)), 0);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr)), -EBUSY);
    EXPECT_EQ(c.op(op_unmap(kBase)), 0);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr)), 0);
    EXPECT_EQ(c.op(op_release(kBase, kBaseNr)), -ENOENT);
    EXPECT_EQ(c.op(op_map(kBase, 0x300)), -ENOENT);
    c.wind_up();
}

TEST(Release, UnmapsAllKinds)
{
    for (const bool generic : {false, true}) {
        Pv c({.generic = generic});
        EXPECT_EQ(c.statuses({op_map(kBase, 0x300, 8), op_map(kBase + 8, 0x310, 4, kReadWrite | (generic ? 0 : kYield)),
                              op_map(kBase + 700, 0xf0000, 4, kReadWrite | kMmio),
                              op_map(kBase + 1500, world::kDom1, 4, kRead, 1), op_unmap(kBase + 2, 2, kDefer),
                              op_unmap(kBase + 9, 1, kDefer)}),
                  Statuses(6, 0));
        EXPECT_EQ(c.op(op_release(kBase, kBaseNr, kUnmapFirst)), 0);
        EXPECT_EQ(c.usage().yielded, 0u);
        c.wind_up();
    }
}

TEST(Release, SeesTheBatchBeforeIt)
{
    Pv c;
    EXPECT_EQ(c.statuses({op_map(kBase, 0x300), op_unmap(kBase), op_release(kBase, kBaseNr), op_map(kBase, 0x300),
                          op_claim(kBase)}),
              (Statuses{0, 0, 0, -ENOENT, 0}));
    c.wind_up();
}

// One BFN in each of these leaf tables.
void map_in_each(Bare &c, unsigned first, unsigned end)
{
    std::vector<xen_iommu_op> ops;
    for (unsigned i = first; i < end; i++)
        ops.push_back(op_map(kBase + i * 512 + i, 0x300 + i));
    EXPECT_EQ(c.call(0, ops), 0);
}

TEST(Release, OfManyTablesInterruptedAtEachPlace)
{
    for (const bool generic : {false, true})
        for (unsigned stop = 0; stop < 15; stop++) {
            Bare c({.generic = generic});
            EXPECT_EQ(c.op(op_claim(kBase, 512 * 70)), 0);
            map_in_each(c, 0, 21);
            map_in_each(c, 35, 70);
            c.general_preempt = nth(stop);
            c.between_parts = [&] {
                std::vector<xen_iommu_op> others = {op_map(kBase + 7, 0x500), op_map(kBase + 512 * 69, 0x501),
                                                    op_claim(0x200000)};
                c.call(1, others);
            };
            EXPECT_EQ(c.op(op_release(kBase, 512 * 70, kUnmapFirst)), 0);
            EXPECT_EQ(c.parts, stop < 14 ? 2u : 1u);
            c.wind_up();
        }
}

TEST(Release, WhoseFlushFailsCanBeRepeated)
{
    for (const bool generic : {false, true})
        for (unsigned fail = 0; fail < 6; fail++) {
            Bare c({.generic = generic});
            EXPECT_EQ(c.op(op_claim(kBase, 512 * 40)), 0);
            map_in_each(c, 0, 40);
            c.flush_fails = nth(fail);
            EXPECT_EQ(c.op(op_release(kBase, 512 * 40, kUnmapFirst)), -EIO);
            EXPECT_EQ(c.op(op_map(kBase, 0x500)), fail < 1 ? -EBUSY : 0) << "the claim stays";
            // After every first flush of the pair the tables are unlinked; if the second fails they are kept.
            EXPECT_EQ(c.model.lost_tables, fail % 2 ? 4u : 0u);
            EXPECT_EQ(c.op(op_release(kBase, 512 * 40, kUnmapFirst)), 0);
            c.wind_up();
        }
}

} // namespace
