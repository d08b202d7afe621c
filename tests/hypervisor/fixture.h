// SPDX-License-Identifier: GPL-2.0-only
//
// The start of each test: a checker, mostly with one claim of four leaf tables.
#pragma once

#include "checker.h"

#include <cerrno>
#include <gtest/gtest.h>

constexpr uint64_t kBase = 0x100000; // of the claim: above the host map
constexpr uint32_t kBaseNr = 2048;
constexpr uint64_t kBits = 0xe00; // the guest's watch page, with bits of yielded maps

constexpr unsigned kRead = XEN_IOMMUOP_MAP_read, kWrite = XEN_IOMMUOP_MAP_write, kReadWrite = kRead | kWrite,
                   kMmio = XEN_IOMMUOP_MAP_mmio, kYield = XEN_IOMMUOP_MAP_yield, kBoth = kReadWrite | kYield,
                   kDefer = XEN_IOMMUOP_UNMAP_defer, kUnmapFirst = XEN_IOMMUOP_RELEASE_unmap;

class Bare : public Checker {
public:
    using Checker::Checker;

    // Statuses of one call's ops: the slots of lists have none.
    std::vector<int> statuses(std::vector<xen_iommu_op> ops, unsigned vcpu = 0)
    {
        EXPECT_EQ(call(vcpu, ops), 0);
        std::vector<int> all;
        for (size_t i = 0; i < ops.size(); i += model::Model::slots(ops, i))
            all.push_back(ops[i].status);
        return all;
    }
    xen_iommu_op_usage usage()
    {
        std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_usage)};
        EXPECT_EQ(call(0, ops), 0);
        return ops[0].u.usage;
    }
};

class Pv : public Bare {
public:
    explicit Pv(const world::Config &c = {}) : Bare(c)
    {
        EXPECT_EQ(op(op_claim(kBase, kBaseNr)), 0);
        EXPECT_EQ(op(op_watch(kBase, kBits)), c.generic ? -EOPNOTSUPP : 0);
    }

    // An event while the unmap of maps that yield waits for its flush: no BFN has yielded then.
    void while_unmap_waits(uint32_t nr, const std::function<void()> &event)
    {
        EXPECT_EQ(op(op_map(kBase, 0x300, nr, kBoth)), 0);
        EXPECT_EQ(op(op_unmap(kBase, nr, kDefer)), 0);
        event();
        EXPECT_EQ(usage().yielded, 0u);
        EXPECT_EQ(op(op_flush(kBase, nr)), 0);
        EXPECT_EQ(usage().mapped, 0u);
    }
};

using Statuses = std::vector<int>;

// A function that is true at the n-th call, counted from 0.
inline std::function<bool()> nth(unsigned n)
{
    return [n]() mutable { return n-- == 0; };
}
