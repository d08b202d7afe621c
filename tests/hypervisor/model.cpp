// SPDX-License-Identifier: GPL-2.0-only
//
// The ops on entries, and the batch around all ops.
#include "model.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace model {

Model::Model()
{
    static const std::vector<bool> at_boot = [this] {
        std::vector<bool> v(world::kFrames);
        for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
            v[mfn] = host_frame(mfn);
        return v;
    }();
    host_maps = at_boot;
}

unsigned Model::why()
{
    const domain &d = world::dom(0);
    if (!world::xsm_allows)
        return XEN_IOMMUOP_WHY_xsm;
    if (!d.pv || !d.hardware || d.domain_id != hardware_domid)
        return XEN_IOMMUOP_WHY_not_pv;
    if (!d.iommu.enabled)
        return XEN_IOMMUOP_WHY_no_iommu;
    if (iommu_hwdom_passthrough)
        return XEN_IOMMUOP_WHY_passthrough;
    if (d.iommu.need_sync)
        return XEN_IOMMUOP_WHY_maintained;
    return world::config.leaf_ops ? XEN_IOMMUOP_WHY_ok : XEN_IOMMUOP_WHY_driver;
}

static int errno_of(unsigned why)
{
    switch (why) {
    case XEN_IOMMUOP_WHY_ok:
        return 0;
    case XEN_IOMMUOP_WHY_xsm:
    case XEN_IOMMUOP_WHY_not_pv:
        return -EPERM;
    case XEN_IOMMUOP_WHY_maintained:
        return -EACCES;
    default:
        return -EOPNOTSUPP;
    }
}

static bool zero_from(const xen_iommu_op &op, size_t offset)
{
    const auto *bytes = reinterpret_cast<const unsigned char *>(&op.u);
    for (size_t i = offset; i < sizeof(op.u); i++)
        if (bytes[i])
            return false;
    return true;
}

static bool range_ok(const xen_iommu_op &op, uint64_t limit, unsigned flags)
{
    const xen_iommu_op_range &r = op.u.range;
    return !(op.flags & ~flags) && !r.ctx && !r.pad0 && !r.pad1 && r.nr && r.nr <= limit;
}

// The only field that is not all IN or all OUT: its first four bytes are the request.
static bool is_good_query_device(const xen_iommu_op &op)
{
    return op.op == XEN_IOMMUOP_query_device && !op.flags && zero_from(op, 4);
}

bool Model::is_control(const xen_iommu_op &op) const
{
    return !why() && (op.op == XEN_IOMMUOP_claim || op.op == XEN_IOMMUOP_release ||
                      op.op == XEN_IOMMUOP_drop_host_map || op.op == XEN_IOMMUOP_restore_host_map ||
                      op.op == XEN_IOMMUOP_watch || op.op == XEN_IOMMUOP_revoke || is_good_query_device(op));
}

bool Model::settles_first(const xen_iommu_op &op) const
{
    return is_control(op) || (!why() && op.op == XEN_IOMMUOP_usage && !op.flags && zero_from(op, 0));
}

bool Model::settles_before(const Batch &b, const xen_iommu_op &op) const
{
    return !why() && b.owed && (settles_first(op) || op.u.range.nr + b.owed > 2048);
}

unsigned Model::slots(std::span<const xen_iommu_op> ops, size_t index)
{
    if (ops[index].op != XEN_IOMMUOP_map_list)
        return 1;
    const size_t behind = ops.size() - index - 1;
    return 1 + static_cast<unsigned>(std::min<size_t>((ops[index].u.list.nr + 3ull) / 4, behind));
}

Allowed Model::apply(Batch &b, unsigned index, std::span<xen_iommu_op> ops, const Faults &f)
{
    xen_iommu_op &op = ops[index];
    b.undone = false;
    if (op.op == XEN_IOMMUOP_query)
        return query(op);
    if (op.op < 1 || op.op > XEN_IOMMUOP_revoke)
        return {-EINVAL};
    if (why())
        return {errno_of(why())};
    if (f.state_alloc)
        return {-ENOMEM};

    switch (op.op) {
    case XEN_IOMMUOP_query_reserved:
        return query_reserved(op);
    case XEN_IOMMUOP_map:
        return map(b, index, op, f);
    case XEN_IOMMUOP_unmap:
        return unmap(b, index, op, f);
    case XEN_IOMMUOP_flush:
        return flush(b, index, op, f);
    case XEN_IOMMUOP_claim:
        return claim(op, f);
    case XEN_IOMMUOP_release:
        return release(op, f);
    case XEN_IOMMUOP_usage:
        return usage(op);
    case XEN_IOMMUOP_map_list:
        return map_list(b, index, ops, f);
    case XEN_IOMMUOP_query_device:
        return query_device(op);
    case XEN_IOMMUOP_watch:
        return watch(op, f);
    case XEN_IOMMUOP_revoke:
        return revoke(op, f);
    default:
        if (op.flags || !zero_from(op, 0))
            return {-EINVAL};
        return change_host(op, f, op.op == XEN_IOMMUOP_drop_host_map);
    }
}

Allowed Model::query(xen_iommu_op &op)
{
    if (op.flags || !zero_from(op, 0))
        return {-EINVAL};
    xen_iommu_op_query &q = op.u.query;
    q.magic = 0x554d4f49;
    q.version = 5;
    q.max_ops = 128;
    q.max_frames = 2048;
    q.claim_frames = 512;
    q.why = static_cast<uint8_t>(why());
    if (!why()) {
        q.bfn_bits = static_cast<uint8_t>(bfn_bits());
        q.max_tables = max_tables();
        q.caps = (host == Host::Present ? 1 : 0) | (world::config.generic ? 0 : 2 | 4);
    }
    return {0};
}

Allowed Model::query_reserved(xen_iommu_op &op)
{
    xen_iommu_op_reserved &r = op.u.reserved;
    if (op.flags || !zero_from(op, 4))
        return {-EINVAL};
    const uint32_t i = r.index;
    std::vector<xen_iommu_op_reserved> all = {{i, 1, 0xfee00, 0x100}};
    if (world::config.amd && world::config.levels > 3)
        all.push_back({i, 1, world::kHt, world::kHtNr});
    all.push_back({i, 2, world::kRmrr, 0x80});
    all.push_back({i, 2, world::kRmrrRam, 0x80});
    for (unsigned extra = 0; extra < world::config.extra_reserved; extra++)
        all.push_back({i, 2, 0x4000000 + extra * 16ull, 16});
    if (i >= all.size())
        return {-ENOENT};
    r = all[i];
    return {0};
}

Allowed Model::query_device(xen_iommu_op &op)
{
    if (!is_good_query_device(op))
        return {-EINVAL};
    xen_iommu_op_device &q = op.u.device;
    q.why = XEN_IOMMUOP_DEVICE_unknown;
    for (const pci_dev &pdev : world::pci_devices())
        if (pdev.sbdf.sbdf == (uint32_t{q.seg} << 16 | q.bus << 8 | q.devfn))
            q.why = static_cast<uint8_t>(pdev.why);
    return {q.why ? -ENODEV : 0};
}

Allowed Model::usage(xen_iommu_op &op)
{
    if (op.flags || !zero_from(op, 0))
        return {-EINVAL};
    op.u.usage = {static_cast<uint32_t>(claims.size()), static_cast<uint32_t>(tables.size() + lost_tables),
                  entries.size(), yielded()};
    return {0};
}

const Claim *Model::claim_of(const Range &r) const
{
    for (const Claim &c : claims)
        if (c.contains(r.bfn) && r.nr <= c.nr - (r.bfn - c.bfn))
            return &c;
    return nullptr;
}

// Every reason against a map of these frames; the reference leaves the choice open.
void Model::frames_refuse(const Frames &frames, Allowed &why_not) const
{
    const bool mmio = frames.flags & XEN_IOMMUOP_MAP_mmio, write = frames.flags & XEN_IOMMUOP_MAP_write;

    const bool nobody = frames.owner > 2 || world::dom(static_cast<unsigned>(frames.owner)).dead;
    if (nobody)
        why_not.insert(-ESRCH);
    else if (frames.owner != 0 && !world::xsm_allows_foreign)
        why_not.insert(-EPERM);
    for (uint64_t mfn : frames.mfns) {
        const bool beyond = mfn >= (1ull << 40) - 1;
        if (beyond)
            why_not.insert(-ENXIO);
        if (nobody || beyond)
            continue;
        const world::Truth t = world::truth(mfn);
        if (mmio) {
            if (t.valid && t.ram)
                why_not.insert(-ENXIO);
            else if (!world::mmio_allowed(mfn, write))
                why_not.insert(-EPERM);
        } else if (!t.valid || !t.ram)
            why_not.insert(-ENXIO);
        else if (t.owner != frames.owner || t.special)
            why_not.insert(-EPERM);
        else if (write && t.page_table)
            why_not.insert(-EBUSY);
    }
}

Allowed Model::map(Batch &b, unsigned index, const xen_iommu_op &op, const Faults &f)
{
    const xen_iommu_op_map &m = op.u.map;
    const bool special = op.flags & (XEN_IOMMUOP_MAP_mmio | XEN_IOMMUOP_MAP_yield);
    if (m.ctx || !m.nr || m.nr > 2048 || (op.flags & ~0xf) || !(op.flags & 3) || (op.flags & 0xc) == 0xc ||
        (special && m.domid != DOMID_SELF))
        return {-EINVAL};

    Frames frames = {m.domid == DOMID_SELF ? 0 : m.domid, op.flags, {}};
    for (uint64_t i = 0; i < m.nr; i++)
        frames.mfns.push_back(m.mfn + i);
    return map_frames(b, index, m.bfn, frames, f);
}

Allowed Model::map_list(Batch &b, unsigned index, std::span<const xen_iommu_op> ops, const Faults &f)
{
    const xen_iommu_op &op = ops[index];
    const xen_iommu_op_list &l = op.u.list;
    const size_t behind = slots(ops, index) - 1;
    if (l.ctx || l.pad0 || l.pad1 || !l.nr || l.nr > 4 * behind || !(op.flags & 3) || (op.flags & ~(3 | 8)))
        return {-EINVAL};

    Frames frames = {0, op.flags, std::vector<uint64_t>(4 * behind)};
    std::memcpy(frames.mfns.data(), &ops[index + 1], behind * sizeof(op));
    for (size_t i = l.nr; i < frames.mfns.size(); i++)
        if (frames.mfns[i])
            return {-EINVAL};
    frames.mfns.resize(l.nr);
    return map_frames(b, index, l.bfn, frames, f);
}

Allowed Model::map_frames(Batch &b, unsigned index, uint64_t bfn, const Frames &frames, const Faults &f)
{
    const Range r = {bfn, frames.mfns.size()};
    Allowed why_not;
    frames_refuse(frames, why_not);
    if (!claim_of(r)) {
        why_not.insert(-ENOENT);
        return why_not;
    }
    for (auto it = entries.lower_bound(r.bfn); it != entries.end() && r.contains(it->first); ++it)
        why_not.insert(it->second.state == State::Mapped ? -EEXIST : -EBUSY);
    const bool yields = frames.flags & XEN_IOMMUOP_MAP_yield;
    if (yields && world::config.generic)
        why_not.insert(-EOPNOTSUPP);
    else if (yields && !is_watched(r))
        why_not.insert(-ENOBUFS);

    size_t needed = 0;
    for (uint64_t t = r.bfn / 512 * 512; t < r.bfn + r.nr; t += 512)
        needed += !tables.contains(t);
    if (tables.size() + lost_tables + needed > max_tables())
        why_not.insert(-ENOSPC);
    if (f.leaf_alloc || f.generic_map)
        why_not.insert(-ENOMEM);

    // A failed op leaves no leaf table, unless memory for all of its tables was short.
    if (why_not.empty() || f.leaf_alloc || f.generic_map)
        look_at_tables(r);
    if (why_not.empty()) {
        b.added.push_back(r);
        b.mapped.push_back(index);
        if (yields)
            return map_yielding(r, frames, f);
        for (uint64_t i = 0; i < r.nr; i++)
            entries[r.bfn + i] = {State::Mapped, 0, frames.mfns[i], frames.flags};
        return {0};
    }
    Range undone = {r.bfn, 0};
    // One after the other, and taken back at a refusal.
    if (yields && is_watched(r) && !needed)
        undone.nr = first_refused(r, frames);
    b.undone = undone.nr;
    for (uint64_t i = 0; i < undone.nr; i++)
        entries[r.bfn + i] = {State::Pending, b.id, frames.mfns[i], frames.flags, false};
    if (b.undone) {
        b.changed.push_back(undone);
        b.waiting.push_back(index);
    }
    if (!f.generic_map)
        return why_not;

    // Undone, but parts were within reach, and wait for the flush.
    for (unsigned tag; undone.nr < r.nr && peek_is_pending(peek_entry(r.bfn + undone.nr), &tag) && tag == b.id + 1;
         undone.nr++)
        entries[r.bfn + undone.nr] = {State::Pending, b.id, frames.mfns[undone.nr], frames.flags};
    if (undone.nr) {
        b.changed.push_back(undone);
        b.waiting.push_back(index);
        b.owed += undone.nr;
    }
    return why_not;
}

bool Model::is_watched(const Range &r) const
{
    const Claim *c = claim_of(r);
    for (uint64_t page = r.bfn / 32768; c && page <= (r.bfn + r.nr - 1) / 32768; page++)
        if (!c->watch.contains(page))
            return false;
    return c;
}

// The number of frames before the first occupied BFN, or the first refused frame.
size_t Model::first_refused(const Range &r, const Frames &frames) const
{
    for (size_t i = 0; i < frames.mfns.size(); i++) {
        Allowed why_not;
        frames_refuse({frames.owner, frames.flags, {frames.mfns[i]}}, why_not);
        if (!why_not.empty() || entries.contains(r.bfn + i))
            return i;
    }
    return 0;
}

// The held frames are looked at, and each must have its reason.
Allowed Model::map_yielding(const Range &r, const Frames &frames, const Faults &f)
{
    const bool write = frames.flags & XEN_IOMMUOP_MAP_write;
    bool any = false;
    std::map<uint64_t, unsigned> chain;
    for (const auto &[bfn, e] : entries)
        chain[e.mfn] += e.yields();
    for (uint64_t i = 0; i < r.nr; i++) {
        const uint64_t mfn = frames.mfns[i];
        const bool held = !peek_yields(peek_entry(r.bfn + i)), must = !write && !world::truth(mfn).writable;
        if (must && !held)
            world::violate("frame %lx is not of the writable type, and not held", static_cast<unsigned long>(mfn));
        if (held && !must && !f.heap_alloc && chain[mfn] < 256 && world::config.memory == world::kFrames)
            world::violate("frame %lx is held without need", static_cast<unsigned long>(mfn));
        chain[mfn] += !held;
        entries[r.bfn + i] = {State::Mapped, 0, mfn, frames.flags, held};
        any |= held;
    }
    return {any ? XEN_IOMMUOP_STATUS_held : 0};
}

void Model::frame_changed(uint64_t mfn, bool done)
{
    for (auto &[bfn, e] : entries)
        if (e.state == State::Mapped && e.yields() && !e.yielded && e.mfn == mfn) {
            e.yielded = done;
            e.mfn = done ? 0 : mfn;
            ever_yielded.insert(bfn);
        }
}

Allowed Model::unmap(Batch &b, unsigned index, const xen_iommu_op &op, const Faults &f)
{
    if (!range_ok(op, 2048, XEN_IOMMUOP_UNMAP_defer))
        return {-EINVAL};
    const Range r = {op.u.range.bfn, op.u.range.nr};
    if (!claim_of(r))
        return {-ENOENT};
    auto it = entries.lower_bound(r.bfn);
    for (uint64_t i = 0; i < r.nr; i++, ++it)
        if (it == entries.end() || it->first != r.bfn + i || it->second.state != State::Mapped)
            return {-ENOENT};

    const bool defer = op.flags & XEN_IOMMUOP_UNMAP_defer;
    for (uint64_t i = 0; i < r.nr; i++) {
        Entry &e = entries[r.bfn + i];
        e.state = defer ? State::Deferred : State::Pending;
        e.batch = b.id;
    }
    if (!defer) {
        b.changed.push_back(r);
        b.waiting.push_back(index);
        b.owed += r.nr;
        b.unmap_failed |= f.generic_unmap;
    }
    return {0};
}

Allowed Model::flush(Batch &b, unsigned index, const xen_iommu_op &op, const Faults &f)
{
    if (!range_ok(op, 2048, 0))
        return {-EINVAL};
    const Range r = {op.u.range.bfn, op.u.range.nr};
    if (!claim_of(r))
        return {-ENOENT};
    for (auto it = entries.lower_bound(r.bfn); it != entries.end() && r.contains(it->first); ++it)
        if (it->second.state == State::Deferred) {
            it->second.state = State::Pending;
            it->second.batch = b.id;
        }
    b.changed.push_back(r);
    b.waiting.push_back(index);
    b.owed += r.nr;
    b.unmap_failed |= f.generic_unmap;
    return {0};
}

Allowed Model::revoke(const xen_iommu_op &op, const Faults &f)
{
    if (!range_ok(op, 2048, 0))
        return {-EINVAL};
    const Range r = {op.u.range.bfn, op.u.range.nr};
    if (world::config.generic)
        return {-EOPNOTSUPP};
    if (!claim_of(r))
        return {-ENOENT};
    bool any = false;
    for (auto it = entries.lower_bound(r.bfn); it != entries.end() && r.contains(it->first); ++it) {
        Entry &e = it->second;
        if (e.state != State::Mapped)
            continue;
        any = true;
        if (f.flush)
            e.state = State::Deferred;
        else if (!e.yielded)
            e = {.state = State::Mapped,
                 .flags = XEN_IOMMUOP_MAP_yield,
                 .held = false,
                 .yielded = true,
                 .revoked = true};
    }
    return {any && f.flush ? -EIO : 0};
}

void Model::settle(Batch &b, bool failed)
{
    for (auto it = entries.begin(); it != entries.end();) {
        Entry &e = it->second;
        const bool ours = e.state == State::Pending && e.batch == b.id;
        if (ours)
            e.state = State::Deferred;
        it = ours && !failed ? entries.erase(it) : std::next(it);
    }
    b.changed.clear();
    b.added.clear();
    b.waiting.clear();
    b.mapped.clear();
    b.owed = 0;
    b.unmap_failed = false;
}

std::map<uint64_t, Model::Held> Model::held() const
{
    std::map<uint64_t, Held> all;
    for (const auto &[bfn, e] : entries)
        if (!(e.flags & XEN_IOMMUOP_MAP_mmio) && !e.yields()) {
            Held &h = all[e.mfn];
            h.refs++;
            // Of a domain in external paging mode (2) no type is held.
            h.types += e.flags & XEN_IOMMUOP_MAP_write && world::frames()[e.mfn].owner != &world::dom(2);
        }
    for (const Claim &c : claims)
        for (const auto &[page, mfn] : c.watch) {
            all[mfn].refs++;
            all[mfn].types++;
        }
    return all;
}

uint64_t Model::yielded() const
{
    uint64_t n = 0;
    for (const auto &[bfn, e] : entries)
        n += e.yielded;
    return n;
}

} // namespace model
