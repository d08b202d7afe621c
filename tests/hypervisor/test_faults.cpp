// SPDX-License-Identifier: GPL-2.0-only
//
// Every allocation, every flush and every place to be interrupted, in turn.
#include "fixture.h"

#include <utility>

namespace {

const xen_iommu_op kDrop = op_plain(XEN_IOMMUOP_drop_host_map), kRestore = op_plain(XEN_IOMMUOP_restore_host_map);

// Something of everything, several times over the same BFNs.
std::vector<std::vector<xen_iommu_op>> story()
{
    return {
        {op_claim(kBase, kBaseNr), op_claim(0x1800, 1024), op_watch(kBase, kBits), op_map(kBase, 0x300, 8),
         op_plain(XEN_IOMMUOP_usage), op_unmap(kBase, 2), op_unmap(kBase + 4, 2, kDefer), op_flush(kBase, 8),
         op_map(kBase + 510, 0x310, 4), op_map(kBase + 20, world::kDom1, 4, kRead, 1), op_plain(XEN_IOMMUOP_query),
         op_map(kBase + 512, 0x400, 512, kRead)},
        {op_map(kBase + 1024, 0x400, 512), op_unmap(kBase + 1030), op_unmap(kBase + 1040, 4, kDefer),
         op_map(0x1800, 0xf0000, 2, kReadWrite | kMmio), op_map(kBase + 40, 0x320, 2, kReadWrite | kYield),
         op_unmap(kBase + 40, 2), kDrop, kDrop, kDrop, kDrop, kDrop, kDrop, op_claim(0x200, 512),
         op_map(0x210, 0x330, 8), kRestore},
        {op_unmap(kBase + 1024, 6), op_flush(kBase + 1024, 64), op_release(0x200, 512, kUnmapFirst),
         op_unmap(kBase + 512, 2), kRestore, kRestore, kRestore, kRestore, kRestore, kRestore, op_release(0x1800, 1024),
         op_release(0x1800, 1024, kUnmapFirst), op_claim(0x1800, 512)},
        op_list(kBase + 509, {0x320, 0x324, 0x322, 0x321, 0x323}),
        {op_unmap(kBase + 1031, 9), op_map(kBase + 1024, 0x600, 6), op_release(kBase, kBaseNr, kUnmapFirst),
         op_map(kBase, 0x300)},
    };
}

void tell(Bare &c)
{
    std::vector<std::vector<xen_iommu_op>> calls = story();
    for (std::vector<xen_iommu_op> &ops : calls)
        c.call(0, ops);
    c.wind_up();
}

class EachFault : public testing::TestWithParam<world::Config> {};

const world::Config configs[] = {
    {}, {.generic = true}, {.caching_mode = true, .levels = 4}, {.generic = true, .caching_mode = true, .snoop = true}};

// The n-th question is answered by a fault, for each n that comes.
void each_of(const world::Config &config, std::function<bool()> Checker::*fails)
{
    for (unsigned n = 0;; n++) {
        SCOPED_TRACE(n);
        Bare c(config);
        bool came = false;
        c.*fails = [&came, left = n]() mutable {
            const bool now = left-- == 0;
            came |= now;
            return now;
        };
        tell(c);
        if (!came) {
            EXPECT_GT(n, 8u);
            break;
        }
    }
}

TEST_P(EachFault, None)
{
    Bare c(GetParam());
    tell(c);
}

TEST_P(EachFault, Allocation) { each_of(GetParam(), &Checker::alloc_fails); }

TEST_P(EachFault, AllAllocationsFrom)
{
    for (unsigned n = 1; n < 24; n++) {
        Bare c(GetParam());
        unsigned seen = 0;
        c.alloc_fails = [&] { return seen++ >= n; };
        tell(c);
    }
}

TEST_P(EachFault, Flush) { each_of(GetParam(), &Checker::flush_fails); }

TEST_P(EachFault, AllFlushes)
{
    Bare c(GetParam());
    c.flush_fails = [] { return true; };
    tell(c);
}

TEST_P(EachFault, InterruptedAtEachIndex)
{
    for (unsigned stop = 0; stop < 10; stop++) {
        Bare c(GetParam());
        c.preempt = [&](unsigned n) { return n == stop; };
        tell(c);
    }
}

TEST_P(EachFault, InterruptedEverywhere)
{
    Bare c(GetParam());
    c.preempt = [](unsigned) { return true; };
    c.general_preempt = [] { return true; };
    // Other vCPUs use the time: they see settled ops, and nothing else.
    unsigned n = 0;
    c.between_parts = [&] {
        std::vector<xen_iommu_op> ops = {op_map(kBase + 100 + n % 7, 0x700, 1 + n % 3),
                                         op_unmap(kBase + 100 + n % 5, 1, n & 1), op_flush(kBase, 128)};
        n++;
        const auto more = std::exchange(c.between_parts, nullptr);
        c.call(1000, ops);
        c.between_parts = more;
    };
    tell(c);
    EXPECT_GT(n, 20u);
}

TEST_P(EachFault, InterruptedInEachControlOp)
{
    for (unsigned stop = 0; stop < 12; stop++) {
        Bare c(GetParam());
        c.general_preempt = nth(stop);
        tell(c);
    }
}

// Any call of another vCPU between two ops or during a flush.
TEST_P(EachFault, OthersInBetween)
{
    if (GetParam().generic)
        return; // there a batch is alone
    const std::vector<std::vector<xen_iommu_op>> others = {
        {op_unmap(kBase, 1), op_map(kBase, 0x800)},
        {op_flush(kBase, 2048), op_map(kBase + 3, 0x800, 2)},
        {op_unmap(kBase + 512, 4, kDefer), op_flush(kBase + 513, 1)},
        {op_map(kBase + 1031, 0x800), op_unmap(kBase + 1031)},
    };
    for (const bool at_flush : {false, true})
        for (const auto &ops : others) {
            Bare c(GetParam());
            bool inside = false;
            const auto intrude = [&] {
                if (inside)
                    return;
                inside = true;
                std::vector<xen_iommu_op> copy = ops;
                c.call(8191, copy);
                inside = false;
            };
            (at_flush ? c.at_flush : c.at_boundary) = intrude;
            tell(c);
        }
}

std::string name_of(const testing::TestParamInfo<world::Config> &info)
{
    const char *names[] = {"Direct", "Generic", "CachingMode", "GenericCachingMode"};
    return names[info.index];
}

INSTANTIATE_TEST_SUITE_P(Mode, EachFault, testing::ValuesIn(configs), name_of);

} // namespace
