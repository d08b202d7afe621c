// SPDX-License-Identifier: GPL-2.0-only
//
// The call: limits, faults of guest memory, refusals, and fields that must be 0.
#include "fixture.h"

#include <cstring>
#include <set>

namespace {

// Each with its own fields.
const std::vector<std::vector<xen_iommu_op>> &one_of_each()
{
    static const std::vector<std::vector<xen_iommu_op>> ops = {
        {op_plain(XEN_IOMMUOP_query_reserved)},
        {op_map(kBase + 8, 0x300)},
        {op_unmap(kBase)},
        {op_flush(kBase)},
        {op_plain(XEN_IOMMUOP_query)},
        {op_claim(0x200000)},
        {op_release(kBase + 2048)},
        {op_plain(XEN_IOMMUOP_drop_host_map)},
        {op_plain(XEN_IOMMUOP_restore_host_map)},
        {op_plain(XEN_IOMMUOP_usage)},
        op_list(kBase + 16, {0x300, 0x301, 0x302}),
        {op_device(0, 0, 0x10)},
        {op_watch(kBase, kBits + 1)},
        {op_revoke(kBase)},
    };
    return ops;
}

TEST(Call, OfNoOps)
{
    Pv c;
    world::hooks = {};
    world::hooks.copy_in_fails = [] { return ADD_FAILURE() << "guest memory is read", false; };
    EXPECT_EQ(world::hypercall(0, world::dom(0), 0, nullptr, 0).ret, 0);
}

TEST(Call, OfMoreThanTheLimit)
{
    Pv c;
    std::vector<xen_iommu_op> ops(129, op_map(kBase, 0x300));
    EXPECT_EQ(c.call(0, ops), -E2BIG);
    ops.resize(128);
    EXPECT_EQ(c.call(0, ops), 0);
}

TEST(Call, WithAFullBatch)
{
    Pv c;
    std::vector<xen_iommu_op> ops;
    for (unsigned i = 0; i < 64; i++)
        ops.push_back(op_map(kBase + i * 32, 0x300 + i, 1 + i % 3));
    for (unsigned i = 0; i < 64; i++)
        ops.push_back(op_unmap(kBase + i * 32, 1 + i % 3, i & 1));
    EXPECT_EQ(c.statuses(ops), Statuses(128, 0));
    c.wind_up();
}

TEST(Call, WhoseOpsCannotBeRead)
{
    Pv c;
    std::vector<xen_iommu_op> ops = {op_map(kBase, 0x300)};
    c.copy_in_fails = [] { return true; };
    EXPECT_EQ(c.call(0, ops), -EFAULT);
    EXPECT_EQ(world::held(0x300), 0);
}

TEST(Call, WhoseOpsCannotBeWritten)
{
    Pv c;
    std::vector<xen_iommu_op> ops = {op_map(kBase, 0x300), op_map(kBase + 1, 0x301), op_unmap(kBase)};
    c.copy_out_fails = [] { return true; };
    EXPECT_EQ(c.call(0, ops), -EFAULT);
    EXPECT_EQ(world::held(0x300), 0) << "the unmap is settled";
    EXPECT_EQ(world::held(0x301), 1) << "the map took effect";
}

TEST(Call, WhoseContinuationCannotBeWritten)
{
    Pv c;
    std::vector<xen_iommu_op> ops = {op_map(kBase, 0x300), op_map(kBase + 1, 0x301), op_map(kBase + 2, 0x302)};
    c.preempt = [](unsigned n) { return n == 1; };
    c.copy_out_fails = nth(1);
    EXPECT_EQ(c.call(0, ops), -EFAULT);
    EXPECT_EQ(ops[1].status, 0);
    EXPECT_EQ(world::held(0x302), 1);
}

TEST(Call, ReadsGuestMemoryOnce)
{
    Pv c;
    std::vector<xen_iommu_op> ops = {op_map(kBase, 0x300), op_map(kBase + 1, 0x301)};
    c.at_boundary = [&] { ops[1].u.map.mfn = world::kXen; };
    EXPECT_EQ(c.call(0, ops), 0);
    EXPECT_EQ(ops[1].u.map.mfn, 0x301u) << "the field goes back unchanged";
    EXPECT_EQ(world::held(0x301), 1);
}

TEST(Call, WithoutMemoryForItsState)
{
    // The domain's state, in two pieces, and the vCPU's.
    for (unsigned fail = 0; fail < 4; fail++) {
        Bare c;
        c.alloc_fails = nth(fail);
        std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query), op_claim(kBase), op_plain(99)};
        EXPECT_EQ(c.call(0, ops), 0);
        EXPECT_EQ(ops[0].status, 0) << "query always answers";
        EXPECT_EQ(ops[0].u.query.bfn_bits, 27);
        EXPECT_EQ(ops[0].u.query.why, XEN_IOMMUOP_WHY_ok);
        EXPECT_EQ(ops[1].status, -ENOMEM) << fail;
        EXPECT_EQ(ops[2].status, -EINVAL);
        EXPECT_EQ(c.op(op_claim(kBase)), 0) << "another time";
        c.wind_up();
    }
}

TEST(Call, WithoutMemoryForTheStateOfASecondVcpu)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300)), 0);
    c.alloc_fails = nth(0);
    EXPECT_EQ(c.op(op_unmap(kBase), 1), -ENOMEM);
    EXPECT_EQ(c.op(op_unmap(kBase), 1), 0);
    EXPECT_EQ(peek_batches(), 2u);
    c.wind_up();
}

TEST(Call, WithAnyNumberOfReservedRanges)
{
    Bare c({.extra_reserved = 200});
    EXPECT_EQ(c.op(op_claim(0x4000000)), -EADDRINUSE);
    EXPECT_EQ(c.op(op_claim(kBase)), 0);
    std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query_reserved)};
    ops[0].u.reserved.index = 202;
    EXPECT_EQ(c.call(0, ops), 0);
    EXPECT_EQ(ops[0].u.reserved.bfn, 0x4000000u + 199 * 16);
    c.wind_up();
}

// A call's loads by the guest's index.
class Clamped : public Pv {
public:
    using Pv::Pv;
    std::set<world::Clamp> by(xen_iommu_op one)
    {
        std::vector<xen_iommu_op> ops = {one};
        EXPECT_EQ(call(0, ops), 0);
        return {world::log.clamps.begin(), world::log.clamps.end()};
    }
};
using Clamps = std::set<world::Clamp>;

TEST(Call, ClampsTheIndexOfAReservedRange)
{
    Clamped c({.extra_reserved = 2});
    xen_iommu_op query = op_plain(XEN_IOMMUOP_query_reserved);
    for (query.u.reserved.index = 0; query.u.reserved.index < 5; query.u.reserved.index++)
        EXPECT_EQ(c.by(query), (Clamps{{query.u.reserved.index, 5}}));
    EXPECT_EQ(c.by(query), Clamps{}) << "there is none: nothing is loaded";
    c.wind_up();
}

TEST(Call, ClampsTheIndexOfALeafTable)
{
    Clamped c;
    EXPECT_EQ(c.by(op_map(kBase, 0x300, 600)), (Clamps{{0, 4}, {1, 4}}));
    EXPECT_EQ(c.by(op_unmap(kBase + 2047)), (Clamps{{3, 4}}));
    EXPECT_EQ(c.by(op_unmap(kBase + 2048)), Clamps{}) << "without a claim nothing is loaded";
    EXPECT_EQ(c.by(op_unmap(kBase, 600)), (Clamps{{0, 4}, {1, 4}}));
    c.wind_up();
}

TEST(Call, FailureInTheMiddleStopsNothing)
{
    Pv c;
    for (unsigned bad = 0; bad < 4; bad++) {
        std::vector<xen_iommu_op> ops;
        Statuses want(4, 0);
        for (unsigned i = 0; i < 4; i++)
            ops.push_back(op_map(kBase + 4 * bad + i, i == bad ? world::kDom1 : 0x300 + i));
        want[bad] = -EPERM;
        EXPECT_EQ(c.statuses(ops), want);
    }
    c.wind_up();
}

struct Refusal {
    const char *name;
    void (*make)();
    unsigned why;
    int status;
};

// Fixed from the boot on.
const Refusal refusals[] = {
    {"not_pv", [] { world::dom(0).pv = false; }, XEN_IOMMUOP_WHY_not_pv, -EPERM},
    {"no_iommu", [] { world::dom(0).iommu.enabled = false; }, XEN_IOMMUOP_WHY_no_iommu, -EOPNOTSUPP},
    {"passthrough", [] { iommu_hwdom_passthrough = true; }, XEN_IOMMUOP_WHY_passthrough, -EOPNOTSUPP},
    {"maintained", [] { world::dom(0).iommu.need_sync = true; }, XEN_IOMMUOP_WHY_maintained, -EACCES},
};

void expect_refused(Bare &c, unsigned why, int status)
{
    for (std::vector<xen_iommu_op> ops : one_of_each()) {
        const bool query = ops[0].op == XEN_IOMMUOP_query;
        EXPECT_EQ(c.statuses(ops), Statuses{query ? 0 : status});
        ops[0].flags = 0x8000; // comes before any other check
        EXPECT_EQ(c.statuses(ops), Statuses{query ? -EINVAL : status});
    }
    EXPECT_EQ(c.op(op_plain(99)), -EINVAL) << "but whether the op is known";
    std::vector<xen_iommu_op> q = {op_plain(XEN_IOMMUOP_query)};
    EXPECT_EQ(c.call(0, q), 0);
    EXPECT_EQ(q[0].u.query.why, why);
    EXPECT_EQ(q[0].u.query.magic, XEN_IOMMUOP_MAGIC);
}

TEST(Refusal, IsOneErrnoForEveryOpButQuery)
{
    for (const Refusal &r : refusals) {
        SCOPED_TRACE(r.name);
        Bare c;
        r.make();
        expect_refused(c, r.why, r.status);
        world::dom(0).pv = true;
    }
}

// XSM's policy can change at any time.
TEST(Refusal, OfADomainThatHasMappings)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300)), 0);
    world::xsm_allows = false;
    expect_refused(c, XEN_IOMMUOP_WHY_xsm, -EPERM);
    EXPECT_EQ(world::held(0x300), 1) << "nothing changed";
    world::xsm_allows = true;
    EXPECT_EQ(c.op(op_unmap(kBase)), 0);
    c.wind_up();
}

// hardware_dom=1: domain 0 is the hardware domain only until the other is built.
TEST(Refusal, OfADomainThatWillNotStayTheHardwareDomain)
{
    Bare c;
    hardware_domid = 1;
    expect_refused(c, XEN_IOMMUOP_WHY_not_pv, -EPERM);
    EXPECT_EQ(world::allocations_live(), 0u);
}

TEST(Refusal, OfADriverThatCannot)
{
    Bare c({.leaf_ops = false});
    std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query), op_claim(kBase)};
    EXPECT_EQ(c.call(0, ops), 0);
    EXPECT_EQ(ops[0].u.query.why, XEN_IOMMUOP_WHY_driver);
    EXPECT_EQ(ops[1].status, -EOPNOTSUPP);
}

TEST(Refusal, OfAnotherDomain)
{
    Pv c;
    world::hooks = {}; // the model knows the hardware domain only
    std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query), op_map(kBase, world::kDom1)};
    EXPECT_EQ(world::hypercall(0, world::dom(1), 0, ops.data(), 2).ret, 0);
    EXPECT_EQ(ops[0].u.query.why, XEN_IOMMUOP_WHY_xsm);
    EXPECT_EQ(ops[0].u.query.bfn_bits, 0);
    EXPECT_EQ(ops[1].status, -EPERM);
}

TEST(Field, OfNoUseMustBeZero)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300)), 0);
    for (const std::vector<xen_iommu_op> &ops : one_of_each()) {
        const xen_iommu_op &good = ops[0];
        xen_iommu_op used = {};
        std::memset(&used.u, 0, sizeof(used.u));
        switch (good.op) {
        case XEN_IOMMUOP_map:
            std::memset(&used.u, 0xff, sizeof(used.u));
            used.u.map.ctx = 0;
            break;
        case XEN_IOMMUOP_watch:
            std::memset(&used.u, 0xff, sizeof(used.u));
            used.u.watch.ctx = used.u.watch.pad0 = 0;
            break;
        case XEN_IOMMUOP_query_reserved:
            used.u.reserved.index = ~0u;
            break;
        case XEN_IOMMUOP_query_device:
            used.u.device.seg = 0xffff;
            used.u.device.bus = used.u.device.devfn = 0xff;
            break;
        case XEN_IOMMUOP_map_list:
        case XEN_IOMMUOP_unmap:
        case XEN_IOMMUOP_flush:
        case XEN_IOMMUOP_revoke:
        case XEN_IOMMUOP_claim:
        case XEN_IOMMUOP_release:
            used.u.range.nr = ~0u;
            used.u.range.bfn = ~0ull;
            break;
        default:
            break;
        }
        for (size_t i = 0; i < sizeof(good.u); i++) {
            if (reinterpret_cast<const unsigned char *>(&used.u)[i])
                continue;
            std::vector<xen_iommu_op> bad = ops;
            reinterpret_cast<unsigned char *>(&bad[0].u)[i] = 1;
            EXPECT_EQ(c.statuses(bad), Statuses{-EINVAL}) << "op " << good.op << ", byte " << i;
        }
    }
    c.wind_up();
}

TEST(Flag, ThatIsUnknownIsRefused)
{
    Pv c;
    EXPECT_EQ(c.op(op_map(kBase, 0x300)), 0);
    for (const std::vector<xen_iommu_op> &ops : one_of_each())
        for (unsigned bit = 0; bit < 16; bit++) {
            const unsigned op = ops[0].op;
            const unsigned known = op == XEN_IOMMUOP_map                                  ? 0xf
                                   : op == XEN_IOMMUOP_map_list                           ? 0xb
                                   : op == XEN_IOMMUOP_unmap || op == XEN_IOMMUOP_release ? 1
                                                                                          : 0;
            if (known & (1u << bit))
                continue;
            std::vector<xen_iommu_op> bad = ops;
            bad[0].flags = static_cast<uint16_t>(bad[0].flags | 1u << bit);
            EXPECT_EQ(c.statuses(bad), Statuses{-EINVAL}) << "op " << op << ", flag " << bit;
        }
    c.wind_up();
}

TEST(Op, ThatIsUnknownIsRefused)
{
    Pv c;
    for (unsigned op : {0u, 14u, 15u, 0x100u + XEN_IOMMUOP_query, 0xffffu})
        EXPECT_EQ(c.op(op_plain(op)), -EINVAL);
}

TEST(Query, TellsTheLimits)
{
    for (unsigned bits = 0; bits < 8; bits++) {
        if ((bits & 5) == 4)
            continue;
        Bare c({.generic = !!(bits & 1), .amd = !!(bits & 4), .levels = bits & 2 ? 4u : 3u});
        std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query)};
        EXPECT_EQ(c.call(0, ops), 0);
        const xen_iommu_op_query &q = ops[0].u.query;
        EXPECT_EQ(q.magic, 0x554d4f49u);
        EXPECT_EQ(q.version, 5);
        EXPECT_EQ(q.max_ops, 128);
        EXPECT_EQ(q.bfn_bits, bits & 2 ? 36 : 27);
        EXPECT_EQ(q.caps, bits & 1 ? 1u : 7u);
        EXPECT_EQ(q.max_tables, 4 * 24 + 1024u);
    }
}

TEST(QueryReserved, ListsEachRangeOnce)
{
    Pv c({.extra_reserved = 2});
    for (unsigned i = 0; i < 7; i++) {
        std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query_reserved)};
        ops[0].u.reserved.index = i < 6 ? i : ~0u;
        EXPECT_EQ(c.call(0, ops), 0);
        EXPECT_EQ(ops[0].status, i < 5 ? 0 : -ENOENT);
        if (i == 1) {
            EXPECT_EQ(ops[0].u.reserved.bfn, world::kRmrr);
        }
    }
}

// AMD-Vi asks for each device, by an empty range, and repeats ranges for each of its devices.
TEST(QueryReserved, ListsTheRangesOfAmd)
{
    Bare c({.generic = true, .amd = true, .levels = 4, .extra_reserved = 2});
    for (unsigned i = 0; i < 7; i++) {
        std::vector<xen_iommu_op> ops = {op_plain(XEN_IOMMUOP_query_reserved)};
        ops[0].u.reserved.index = i;
        EXPECT_EQ(c.call(0, ops), 0);
        EXPECT_EQ(ops[0].status, i < 6 ? 0 : -ENOENT);
    }
    EXPECT_EQ(c.op(op_claim(world::kHt)), -EADDRINUSE);
    EXPECT_EQ(c.op(op_claim(world::kHt + world::kHtNr - 512)), -EADDRINUSE);
    EXPECT_EQ(c.op(op_claim(world::kHt + world::kHtNr)), 0);
    c.wind_up();
}

} // namespace
