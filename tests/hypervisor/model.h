// SPDX-License-Identifier: GPL-2.0-only
//
// docs/iommu-op.md as a map from BFN to state, and nothing else. The model shares no
// line with the hypervisor's files and knows no tables, tags or locks. The world gives
// only facts: the owner of each frame, and the failed allocations and
// flushes.
#pragma once

#include "world.h"

#include <map>
#include <set>
#include <span>
#include <vector>

namespace model {

// Faults under the op, injected by the test.
struct Faults {
    bool state_alloc = false, leaf_alloc = false, claim_alloc = false, heap_alloc = false, generic_map = false,
         generic_unmap = false, flush = false;
    uint64_t host_frames = 0; // of a piece of the host map, unless the op goes to the end
};

enum class State { Mapped, Pending, Deferred };

struct Entry {
    State state = State::Mapped;
    unsigned batch = 0; // the batch with the BFN's flush
    uint64_t mfn = 0;
    uint16_t flags = 0; // of the map
    bool held = true, yielded = false;
    bool revoked = false; // by the guest, so that no bit says so
    bool yields() const { return flags & XEN_IOMMUOP_MAP_yield && !held; }
    bool operator==(const Entry &) const = default;
};

struct Range {
    uint64_t bfn, nr;
    bool contains(uint64_t b) const { return b - bfn < nr; }
    bool overlaps(const Range &o) const { return bfn < o.bfn + o.nr && o.bfn < bfn + nr; }
};

struct Claim : Range {
    bool blocks_restore;
    std::map<uint64_t, uint64_t> watch; // BFN / 32768 to the page of bits
};

enum class Host { Present, Dropping, Dropped, Restoring };

// One batch, from its first op to its flush.
struct Batch {
    unsigned id;                   // the vCPU
    std::vector<Range> changed;    // for the flush
    std::vector<Range> added;      // for the flush in caching mode
    std::vector<unsigned> waiting; // ops whose status depends on the flush
    std::vector<unsigned> mapped;  // the same, in caching mode
    uint64_t owed = 0;             // frames that wait for the flush
    bool unmap_failed = false;     // the generic path could not clear an entry
    bool undone = false;           // an op failed half way: a flush of its own
};

using Allowed = std::set<int>;

// The states of a map's BFNs, in their order.
struct Frames {
    int owner;
    uint16_t flags;
    std::vector<uint64_t> mfns;
};

class Model {
public:
    std::map<uint64_t, Entry> entries;
    std::vector<Claim> claims;
    std::set<uint64_t> tables; // first BFN of each leaf table
    unsigned lost_tables = 0;  // after a failed flush: they count, and are nobody's
    Host host = Host::Present;
    std::vector<bool> host_maps;     // by frame
    uint64_t host_next = 0;          // the place where a change of the host map goes on
    std::set<uint64_t> ever_yielded; // nobody clears their bits
    bool host_map_shattered = false; // a change stopped half way: superpages may stay split

    Model();

    // Carry out one op of the array and return the right statuses. OUT fields are filled in.
    Allowed apply(Batch &b, unsigned index, std::span<xen_iommu_op> ops, const Faults &f);
    // An interrupted op of control: any part may be done.
    void interrupted(const xen_iommu_op &op);
    // The batch's flush: waiting BFNs are free, or (after a failure) deferred.
    void settle(Batch &b, bool failed);
    // Does the op settle the batch before itself, whatever the batch owes?
    bool settles_first(const xen_iommu_op &op) const;
    // Does Xen settle the batch before this op, and then look for other work?
    bool settles_before(const Batch &b, const xen_iommu_op &op) const;

    // The frame became a page table, or another domain's; or the flush for the change failed.
    void frame_changed(uint64_t mfn, bool done);

    // References and writable types of iommu_op on a frame, as they should be.
    struct Held {
        long refs = 0, types = 0;
    };
    std::map<uint64_t, Held> held() const;
    uint64_t yielded() const;
    const Claim *claim_of(const Range &r) const;
    bool is_control(const xen_iommu_op &op) const;
    static unsigned max_tables() { return static_cast<unsigned>(4 * (world::config.memory / 512) + 1024); }
    static unsigned bfn_bits() { return 9 * world::config.levels; }
    static unsigned why();
    // Slots of the array for the op: its own, and those of its list.
    static unsigned slots(std::span<const xen_iommu_op> ops, size_t index);

private:
    Allowed query(xen_iommu_op &op);
    Allowed query_reserved(xen_iommu_op &op);
    Allowed query_device(xen_iommu_op &op);
    Allowed usage(xen_iommu_op &op);
    Allowed map(Batch &b, unsigned index, const xen_iommu_op &op, const Faults &f);
    Allowed map_list(Batch &b, unsigned index, std::span<const xen_iommu_op> ops, const Faults &f);
    Allowed map_frames(Batch &b, unsigned index, uint64_t bfn, const Frames &frames, const Faults &f);
    Allowed unmap(Batch &b, unsigned index, const xen_iommu_op &op, const Faults &f);
    Allowed flush(Batch &b, unsigned index, const xen_iommu_op &op, const Faults &f);
    Allowed claim(const xen_iommu_op &op, const Faults &f);
    Allowed watch(const xen_iommu_op &op, const Faults &f);
    Allowed revoke(const xen_iommu_op &op, const Faults &f);
    Allowed release(const xen_iommu_op &op, const Faults &f);
    Allowed change_host(const xen_iommu_op &op, const Faults &f, bool drop);

    bool is_watched(const Range &r) const;
    size_t first_refused(const Range &r, const Frames &frames) const;
    Allowed map_yielding(const Range &r, const Frames &frames, const Faults &f);
    void frames_refuse(const Frames &frames, Allowed &why_not) const;
    void look_at_tables(const Range &r);
    void look_at_claim(const Range &r);
    void look_at_host(const Faults &f);
    bool host_frame(uint64_t mfn) const;
};

} // namespace model
