// SPDX-License-Identifier: GPL-2.0-only
//
// The lockstep: the ops of Xen's batch, each in its time.
#include "checker.h"
#include "ops.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using world::violate;

namespace {

constexpr size_t kMaxTouched = 512;
// Frames after which an op on the host map looks for other work.
constexpr uint64_t kHostLook = XEN_IOMMUOP_LEAST_PIECE;

} // namespace

xen_iommu_op op_map(uint64_t bfn, uint64_t mfn, uint32_t nr, unsigned flags, unsigned domid)
{
    xen_iommu_op o = {};
    o.op = XEN_IOMMUOP_map;
    o.flags = static_cast<uint16_t>(flags);
    o.u.map = {0, static_cast<uint16_t>(domid), nr, bfn, mfn};
    return o;
}
xen_iommu_op op_unmap(uint64_t bfn, uint32_t nr, unsigned flags) { return op_range(XEN_IOMMUOP_unmap, bfn, nr, flags); }
xen_iommu_op op_flush(uint64_t bfn, uint32_t nr) { return op_range(XEN_IOMMUOP_flush, bfn, nr, 0); }
xen_iommu_op op_revoke(uint64_t bfn, uint32_t nr) { return op_range(XEN_IOMMUOP_revoke, bfn, nr, 0); }
xen_iommu_op op_claim(uint64_t bfn, uint32_t nr) { return op_range(XEN_IOMMUOP_claim, bfn, nr, 0); }
xen_iommu_op op_release(uint64_t bfn, uint32_t nr, unsigned flags)
{
    return op_range(XEN_IOMMUOP_release, bfn, nr, flags);
}
xen_iommu_op op_plain(unsigned op) { return op_range(op, 0, 0, 0); }
xen_iommu_op op_watch(uint64_t bfn, uint64_t mfn, uint32_t nr)
{
    xen_iommu_op o = op_plain(XEN_IOMMUOP_watch);
    o.u.watch = {0, 0, nr, bfn, mfn};
    return o;
}
xen_iommu_op op_device(unsigned seg, unsigned bus, unsigned devfn)
{
    xen_iommu_op o = {};
    o.op = XEN_IOMMUOP_query_device;
    o.u.device.seg = static_cast<uint16_t>(seg);
    o.u.device.bus = static_cast<uint8_t>(bus);
    o.u.device.devfn = static_cast<uint8_t>(devfn);
    return o;
}
std::vector<xen_iommu_op> op_list(uint64_t bfn, const std::vector<uint64_t> &mfns, unsigned flags)
{
    std::vector<xen_iommu_op> ops(1 + (mfns.size() + 3) / 4, xen_iommu_op{});
    ops[0] = op_range(XEN_IOMMUOP_map_list, bfn, static_cast<uint32_t>(mfns.size()), flags);
    std::memcpy(&ops[1], mfns.data(), mfns.size() * sizeof(mfns[0]));
    return ops;
}

Checker::Checker(const world::Config &c) : model((world::reset(c), model::Model())), pool_before_(world::pool_used())
{
    world::hooks.part = [this] { part_begins(); };
    world::hooks.part_end = [this](long ret) { part_ends(ret); };
    world::hooks.preempt = [this] { return boundary(); };
    world::hooks.general_preempt = [this] { return looked_inside(general_preempt && general_preempt()); };
    world::hooks.before_flush = [this] { flush_begins(); };
    world::hooks.flushed = [this](const world::Flush &f) { flushed(f); };
    world::hooks.write_lock = [this] { control_begins(); };
    world::hooks.write_unlock = [this] { top().control = false; };
    world::hooks.alloc_fails = [this] {
        const bool fails = alloc_fails && alloc_fails();
        any_alloc_failed_ |= fails;
        return fails;
    };
    world::hooks.flush_fails = [this] { return flush_fails && flush_fails(); };
    world::hooks.copy_in_fails = [this] {
        top().copies_in++;
        return top().copy_in_failed = copy_in_fails && copy_in_fails();
    };
    world::hooks.copy_out_fails = [this] {
        top().copies_out++;
        return top().copy_out_failed = copy_out_fails && copy_out_fails();
    };
}

Checker::~Checker() { world::hooks = {}; }

// TRACE=1: every call, to look at the fuzzer's findings.
static void trace(const char *what, unsigned depth, unsigned vcpu, const std::vector<xen_iommu_op> &ops)
{
    static const bool on = std::getenv("TRACE");
    for (size_t i = 0, next; on && i < ops.size(); i = next) {
        const xen_iommu_op &o = ops[i];
        const bool map = o.op == XEN_IOMMUOP_map;
        next = i + model::Model::slots(ops, i);
        std::fprintf(stderr, "%*s%s vcpu %u: op %u flags %x bfn %lx nr %x mfn %lx domid %x: %d",
                     static_cast<int>(depth * 2), "", what, vcpu, o.op, o.flags,
                     static_cast<unsigned long>(o.u.range.bfn), o.u.range.nr,
                     map ? static_cast<unsigned long>(o.u.map.mfn) : 0, map ? o.u.map.domid : 0, o.status);
        for (size_t slot = i + 1; slot < next; slot++) {
            unsigned long mfns[4];
            std::memcpy(mfns, &ops[slot], sizeof(mfns));
            std::fprintf(stderr, " %lx %lx %lx %lx", mfns[0], mfns[1], mfns[2], mfns[3]);
        }
        std::fprintf(stderr, "\n");
    }
}

long Checker::call(unsigned vcpu, std::vector<xen_iommu_op> &ops) { return call_by(world::dom(0), vcpu, ops); }

long Checker::call_by(domain &d, unsigned vcpu, std::vector<xen_iommu_op> &ops)
{
    for (size_t i = 0; i < ops.size(); i += model::Model::slots(ops, i)) {
        const uint64_t bfn = ops[i].u.range.bfn, nr = ops[i].u.range.nr; // where map has them, too
        for (uint64_t b : {bfn, bfn + nr / 2, bfn + nr - 1, (bfn | 511) + 1})
            if (b >> model::Model::bfn_bits() == 0) {
                world::watch(b);
                if (touched_.size() < kMaxTouched)
                    touched_.push_back(b);
            }
    }
    trace("call", depth(), vcpu, ops);
    world::log = {};
    Active a;
    a.guest = ops.data();
    a.in = ops;
    a.batch.id = vcpu;
    stack_.push_back(std::move(a));
    if (depth() == 1)
        flushes.clear();
    world::device_runs();
    const world::Result r = world::hypercall(depth() - 1, d, vcpu, ops.data(), static_cast<unsigned>(ops.size()));
    world::device_runs();
    stack_.pop_back();
    trace("done", depth(), vcpu, ops);
    parts = r.parts;
    if (!depth()) {
        quick_check();
        if (thorough)
            audit();
    }
    return r.ret;
}

int Checker::op(xen_iommu_op one, unsigned vcpu)
{
    std::vector<xen_iommu_op> ops = {one};
    const long ret = call(vcpu, ops);
    return ret ? static_cast<int>(ret) : ops[0].status;
}

int Checker::op_to_end(xen_iommu_op one, unsigned vcpu)
{
    int rc = op(one, vcpu);
    while (rc == -EAGAIN)
        rc = op(one, vcpu);
    return rc;
}

// ops.size() is the guest's count; beyond the limit nothing is read.
void Checker::part_begins()
{
    Active &a = top();
    std::copy(a.guest, a.guest + a.in.size(), a.in.begin());
    a.expected = a.in;
    a.allowed.assign(a.in.size(), {});
    a.executed = a.copies_in = a.copies_out = 0;
    a.preempted = a.restarted = a.control_flush_failed = a.settling = a.undone = a.no_state = false;
    a.copy_in_failed = a.copy_out_failed = false;
    world::log = {};
}

// Carry out the next op in the model, with the op's injected faults.
void Checker::advance(Active &a)
{
    model::Faults f;
    for (const world::Allocation &x : world::log.allocations) {
        a.no_state |= x.failed && x.what == world::Alloc::Domain;
        f.leaf_alloc |= x.failed && (x.what == world::Alloc::Leaf || x.what == world::Alloc::Shadow);
        f.claim_alloc |= x.failed && x.what == world::Alloc::Claim;
        f.heap_alloc |= x.failed && x.what == world::Alloc::Heap;
    }
    f.generic_map = world::log.generic_map_failed;
    f.generic_unmap = world::log.generic_unmap_failed;
    f.flush = a.control_flush_failed;
    f.state_alloc = a.no_state;
    f.host_frames = a.host_stops ? a.host_looks * kHostLook : 0;

    if (a.executed >= a.in.size())
        return violate("more ops are carried out than there are");
    const unsigned index = a.executed, kind = a.in[index].op;
    for (const world::Allocation &x : world::log.allocations)
        if (!world::config.generic && kind != XEN_IOMMUOP_map && kind != XEN_IOMMUOP_map_list &&
            kind != XEN_IOMMUOP_claim && kind != XEN_IOMMUOP_watch && kind != XEN_IOMMUOP_drop_host_map &&
            kind != XEN_IOMMUOP_restore_host_map && x.what != world::Alloc::Domain)
            violate("op %u allocates memory", kind);

    // The op sums up settled BFNs.
    if (kind == XEN_IOMMUOP_usage && !a.no_state && model.settles_first(a.in[index]))
        settle(a);
    a.executed += model::Model::slots(a.in, index);
    a.allowed[index] = model.apply(a.batch, index, a.expected, f);
    a.control_flush_failed = a.restarted = a.host_stops = false;
    a.host_looks = 0;
    world::log.allocations.clear();
    world::log.generic_map_failed = world::log.generic_unmap_failed = false;
}

// Inside a control op. An op on the host map ends its piece; others are called again.
bool Checker::looked_inside(bool yes)
{
    Active &a = top();
    const unsigned kind = a.executed < a.in.size() ? a.in[a.executed].op : 0;
    if (kind == XEN_IOMMUOP_drop_host_map || kind == XEN_IOMMUOP_restore_host_map) {
        a.host_looks++;
        a.host_stops = yes;
    } else {
        a.restarted = yes;
    }
    return yes;
}

// Between two ops; or once more, as the batch was settled there.
bool Checker::boundary()
{
    if (top().settling || top().undone) {
        settle(top());
        top().settling = top().undone = false;
    } else {
        advance(top());
        top().settling =
            top().executed < top().in.size() && model.settles_before(top().batch, top().in[top().executed]);
    }
    const unsigned n = top().boundaries++;
    if (at_boundary)
        at_boundary();
    const bool yes = preempt && preempt(n);
    top().preempted = yes;
    world::log.allocations.clear();
    return yes;
}

// A control op begins with its exclusive lock, when the batch so far is settled.
// On the generic path every batch takes that lock, with nothing to settle.
void Checker::control_begins()
{
    Active &a = top();
    a.control = !a.preempted && a.executed < a.in.size() && model.is_control(a.in[a.executed]);
    if (a.control)
        settle(a);
}

// The batch's flush: unless a control op is about to begin, or the batch was
// interrupted between two ops, the last op has been carried out.
void Checker::flush_begins()
{
    if (changing_)
        return;
    Active &a = top();
    if (a.control)
        return;
    const bool before = a.executed < a.in.size() && model.settles_first(a.in[a.executed]);
    if (!a.preempted && !a.settling && !a.undone && a.executed < a.in.size() && !before) {
        advance(a);
        a.undone = a.batch.undone;
    }
    if (at_flush)
        at_flush();
}

bool Checker::page_table(uint64_t mfn, bool on)
{
    bool done = false;
    changing_ = true;
    world::run_on(NR_CPUS - 1, [&] { done = world::set_page_table(mfn, on); });
    changing_ = false;
    if (on)
        model.frame_changed(mfn, done);
    return done;
}

bool Checker::give_away(uint64_t mfn)
{
    bool done = false;
    changing_ = true;
    world::run_on(NR_CPUS - 1, [&] { done = world::give_away(mfn, true); });
    changing_ = false;
    model.frame_changed(mfn, done);
    return done;
}

void Checker::flushed(const world::Flush &f)
{
    if (std::getenv("TRACE"))
        std::fprintf(stderr, "%*s flush %s%lx+%lx flags %x%s\n", static_cast<int>(depth() * 2), "", f.all ? "all " : "",
                     static_cast<unsigned long>(f.first), static_cast<unsigned long>(f.nr), f.flags,
                     f.failed ? " fails" : "");
    flushes.push_back(f);
    a_flush_failed_ |= f.failed;
    if (changing_)
        return;
    if (top().control)
        top().control_flush_failed |= f.failed;
    else if (!f.by_driver)
        top().flushes.push_back(f);
}

void Checker::settle(Active &a)
{
    bool failed = a.batch.unmap_failed, not_seen = false;
    for (const world::Flush &f : a.flushes) {
        failed |= f.failed && (f.flags & IOMMU_FLUSHF_modified);
        not_seen |= f.failed && (f.flags & IOMMU_FLUSHF_added);
    }
    check_flushes(a);
    for (unsigned i : a.batch.waiting)
        if (failed)
            a.allowed[i] = {-EIO};
    // The device may not see these maps yet.
    for (unsigned i : a.batch.mapped)
        if (not_seen)
            a.allowed[i] = {-EIO};
    model.settle(a.batch, failed);
    a.flushes.clear();
}

void Checker::part_ends(long ret)
{
    Active &a = top();
    const size_t count = a.in.size();

    for (const world::Allocation &x : world::log.allocations)
        a.no_state |= x.failed && x.what == world::Alloc::Domain;
    // Then each op is read, answered and written by itself.
    const bool refused = model.why() || a.no_state;

    if (count > XEN_IOMMUOP_MAX_OPS || a.copy_in_failed) {
        const long want = count > XEN_IOMMUOP_MAX_OPS ? -E2BIG : -EFAULT;
        if (ret != want || (a.executed && !refused) || !a.flushes.empty())
            violate("the call returned %ld, not %ld, or did something", ret, want);
        return;
    }
    if (refused && a.copy_out_failed) {
        if (ret != -EFAULT)
            violate("the call returned %ld", ret);
        return;
    }

    unsigned done = static_cast<unsigned>(count);
    if (ret > 0)
        done -= static_cast<unsigned>(ret);
    else if (a.copy_out_failed && (a.preempted || a.restarted))
        done = a.executed;
    if (ret < 0 && !a.copy_out_failed)
        violate("the call returned %ld", ret);

    while (a.executed < done && !a.preempted)
        advance(a);
    if (a.executed != done)
        violate("%u slots were done with, %u are said to be", a.executed, done);
    if (a.restarted)
        model.interrupted(a.in[done]);
    settle(a);

    unsigned ops = 0;
    for (size_t i = 0; refused && i < done; i += model::Model::slots(a.in, i))
        ops++;
    if (count && (a.copies_in != (refused ? ops : 1) || a.copies_out != (refused ? ops : done ? 1 : 0)))
        violate("guest memory was read %u times, written %u times", a.copies_in, a.copies_out);
    if (!a.copy_out_failed)
        compare(a, done);

    a.guest += done;
    a.in.resize(count - done);
    if (ret > 0) {
        quick_check();
        if (between_parts)
            between_parts();
    }
}

void Checker::compare(const Active &a, unsigned done) const
{
    for (unsigned i = 0; i < a.in.size(); i++) {
        xen_iommu_op got = a.guest[i], want = i < done ? a.expected[i] : a.in[i];
        // The slots of a list have no status: they are as they were.
        if (i < done && !a.allowed[i].empty()) {
            if (!a.allowed[i].contains(got.status)) {
                violate("op %u (%u, flags %x): status %d, not %d (of %zu)", i, got.op, got.flags, got.status,
                        *a.allowed[i].begin(), a.allowed[i].size());
            }
            want.status = got.status;
        }
        if (std::memcmp(&got, &want, sizeof(got)))
            violate("op %u (%u): its fields are not as expected", i, got.op);
    }
}
