// SPDX-License-Identifier: GPL-2.0-only
//
// Runs hypercalls on the world and the model in lockstep: an op is carried out in the
// model right after Xen's own. Work of other vCPUs between two ops, or during a
// flush, meets the same state in both.
#pragma once

#include "model.h"

#include <functional>
#include <vector>

class Checker {
public:
    explicit Checker(const world::Config &c = {});
    ~Checker();
    Checker(const Checker &) = delete;

    model::Model model;

    // Events around a call. All are optional, and stay until changed.
    // They may issue calls of other vCPUs; at_boundary and at_flush only calls
    // without an exclusive lock.
    std::function<bool(unsigned boundary)> preempt; // counted over the whole call
    std::function<bool()> general_preempt;
    std::function<void()> at_boundary, at_flush, between_parts;
    std::function<bool()> alloc_fails, flush_fails, copy_in_fails, copy_out_fails;
    bool thorough = true; // audit everything after each call

    // One call of domain 0; true statuses replace those in ops.
    long call(unsigned vcpu, std::vector<xen_iommu_op> &ops);
    long call_by(domain &d, unsigned vcpu, std::vector<xen_iommu_op> &ops);
    // Status of a call with one op.
    int op(xen_iommu_op one, unsigned vcpu = 0);
    // The same, again while the status is -EAGAIN.
    int op_to_end(xen_iommu_op one, unsigned vcpu = 0);

    // The guest makes a page table of a page, or gives the page away. False on refusal.
    bool page_table(uint64_t mfn, bool on = true);
    bool give_away(uint64_t mfn);
    // All possible comparisons.
    void audit();
    // Release every claim, put the host map back: nothing may be left.
    void wind_up();

    std::vector<world::Flush> flushes; // of the last call, and of calls inside
    unsigned parts = 0;                // of the last call
    unsigned depth() const { return static_cast<unsigned>(stack_.size()); }

private:
    struct Active {
        xen_iommu_op *guest; // the array of this part
        std::vector<xen_iommu_op> in, expected;
        std::vector<model::Allowed> allowed;
        model::Batch batch;
        unsigned executed = 0, boundaries = 0, copies_in = 0, copies_out = 0;
        bool preempted = false, restarted = false, control = false, control_flush_failed = false;
        bool undone = false;     // a failed op has made its flush, and is carried out
        bool settling = false;   // before the next op, as the last look asked
        bool no_state = false;   // no memory for the state
        unsigned host_looks = 0; // of an op on the host map, and
        bool host_stops = false; // at the last look other work was waiting
        bool copy_in_failed = false, copy_out_failed = false;
        std::vector<world::Flush> flushes; // without those of control ops
    };

    void part_begins();
    void part_ends(long ret);
    bool boundary();
    bool looked_inside(bool yes);
    void control_begins();
    void flush_begins();
    void flushed(const world::Flush &f);
    void advance(Active &a);
    void settle(Active &a);
    void compare(const Active &a, unsigned done) const;
    void check_flushes(const Active &a) const;
    void check_entry(uint64_t bfn) const;
    void check_bit(uint64_t bfn, const model::Entry &e) const;
    void check_iotlb() const;
    bool in_flight(uint64_t bfn) const;
    void check_leaves() const;
    void check_frames() const;
    void check_host_map() const;
    void quick_check() const;
    Active &top() { return stack_.back(); }

    std::vector<Active> stack_;
    std::vector<uint64_t> touched_; // BFNs of ops, for quick_check()
    unsigned pool_before_;
    bool changing_ = false; // a frame's use, outside of all calls
    bool any_alloc_failed_ = false, a_flush_failed_ = false;
};

// Ops, in the order of their usual mention.
xen_iommu_op op_map(uint64_t bfn, uint64_t mfn, uint32_t nr = 1, unsigned flags = 3, unsigned domid = DOMID_SELF);
xen_iommu_op op_unmap(uint64_t bfn, uint32_t nr = 1, unsigned flags = 0);
xen_iommu_op op_flush(uint64_t bfn, uint32_t nr = 1);
xen_iommu_op op_revoke(uint64_t bfn, uint32_t nr = 1);
xen_iommu_op op_claim(uint64_t bfn, uint32_t nr = 512);
xen_iommu_op op_release(uint64_t bfn, uint32_t nr = 512, unsigned flags = 0);
xen_iommu_op op_plain(unsigned op);
xen_iommu_op op_watch(uint64_t bfn, uint64_t mfn, uint32_t nr = 1);
xen_iommu_op op_device(unsigned seg, unsigned bus, unsigned devfn);
// A list: the op, and the slots behind the op.
std::vector<xen_iommu_op> op_list(uint64_t bfn, const std::vector<uint64_t> &mfns, unsigned flags = 3);
