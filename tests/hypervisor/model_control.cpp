// SPDX-License-Identifier: GPL-2.0-only
//
// The ops on claims and on the host map. Some may stop half way, at a place of their
// choice. The model then accepts the state only if every single entry is as before, or
// as after the op.
#include "model.h"

#include <algorithm>
#include <cerrno>

namespace model {

// Frames of the host map for one op.
constexpr uint64_t kHostPiece = 2048;

// Part of the host map for drop and restore.
bool Model::host_frame(uint64_t mfn) const { return world::host_perms(mfn) && !world::is_reserved(mfn); }

Allowed Model::claim(const xen_iommu_op &op, const Faults &f)
{
    const xen_iommu_op_range &in = op.u.range;
    if (op.flags || in.ctx || in.pad0 || in.pad1 || !in.nr || in.nr > (1u << 24) || in.nr % 512 || in.bfn % 512)
        return {-EINVAL};

    const Range r = {in.bfn, in.nr};
    const uint64_t end = uint64_t{1} << bfn_bits();
    if (r.bfn >= end || r.nr > end - r.bfn)
        return {-ERANGE};

    Allowed why_not;
    std::vector<Range> reserved = {{0xfee00, 0x100}, {world::kRmrr, 0x100}};
    if (world::config.amd)
        reserved.push_back({world::kHt, world::kHtNr});
    if (world::config.extra_reserved)
        reserved.push_back({0x4000000, world::config.extra_reserved * 16ull});
    for (const Range &x : reserved)
        if (r.overlaps(x))
            why_not.insert(-EADDRINUSE);
    for (const Claim &c : claims)
        if (r.overlaps(c))
            why_not.insert(-EEXIST);
    for (uint64_t bfn = r.bfn; bfn < r.bfn + r.nr && bfn < world::kFrames; bfn++)
        if (host_maps[bfn])
            why_not.insert(-EEXIST);
    if (claims.size() == 64)
        why_not.insert(-ENOSPC);
    if (f.claim_alloc)
        why_not.insert(-ENOMEM);
    // The host map's own part comes first.
    if (f.flush)
        why_not.insert(-EIO);
    if (!why_not.empty())
        return why_not;

    claims.push_back({r, host != Host::Present && r.bfn <= world::kFrames, {}});
    return {0};
}

Allowed Model::watch(const xen_iommu_op &op, const Faults &f)
{
    const xen_iommu_op_watch &w = op.u.watch;
    if (op.flags || w.ctx || w.pad0 || !w.nr)
        return {-EINVAL};
    if (world::config.generic)
        return {-EOPNOTSUPP};
    const auto c = std::find_if(claims.begin(), claims.end(), [&](const Claim &x) { return x.contains(w.bfn); });
    if (c == claims.end())
        return {-ENOENT};
    const uint64_t first = w.bfn / 32768, last = (c->bfn + c->nr - 1) / 32768;
    if (w.nr > last - first + 1)
        return {-EINVAL};

    Allowed why_not;
    Frames frames = {0, XEN_IOMMUOP_MAP_write, {}};
    for (uint64_t i = 0; i < w.nr; i++) {
        frames.mfns.push_back(w.mfn + i);
        if (c->watch.contains(first + i))
            why_not.insert(-EEXIST);
    }
    frames_refuse(frames, why_not);
    if (f.claim_alloc || f.heap_alloc)
        why_not.insert(-ENOMEM);
    if (!why_not.empty())
        return why_not;
    for (uint64_t i = 0; i < w.nr; i++)
        c->watch[first + i] = frames.mfns[i];
    return {0};
}

Allowed Model::release(const xen_iommu_op &op, const Faults &f)
{
    const xen_iommu_op_range &in = op.u.range;
    if ((op.flags & ~XEN_IOMMUOP_RELEASE_unmap) || in.ctx || in.pad0 || in.pad1 || !in.nr)
        return {-EINVAL};
    const Range r = {in.bfn, in.nr};
    const auto c =
        std::find_if(claims.begin(), claims.end(), [&](const Claim &x) { return x.bfn == r.bfn && x.nr == r.nr; });
    if (c == claims.end())
        return r.nr > (1u << 24) ? Allowed{-ENOENT, -EINVAL} : Allowed{-ENOENT};

    const auto first = entries.lower_bound(r.bfn), last = entries.lower_bound(r.bfn + r.nr);
    if (!(op.flags & XEN_IOMMUOP_RELEASE_unmap) && first != last)
        return {-EBUSY};
    if (f.flush || f.generic_unmap) {
        const size_t before = tables.size();
        look_at_claim(r);
        const size_t gone = before - tables.size(), counted = peek_tables();
        if (counted < tables.size() + lost_tables || counted > tables.size() + lost_tables + gone)
            world::violate("%zu leaf tables count, of %zu", counted, tables.size());
        lost_tables = static_cast<unsigned>(counted - tables.size());
        return {-EIO};
    }
    entries.erase(first, last);
    tables.erase(tables.lower_bound(r.bfn), tables.lower_bound(r.bfn + r.nr));
    claims.erase(c);
    return {0};
}

Allowed Model::change_host(const xen_iommu_op &, const Faults &f, bool drop)
{
    if (!drop && std::any_of(claims.begin(), claims.end(), [](const Claim &c) { return c.blocks_restore; }))
        return {-EBUSY};

    const Host goal = drop ? Host::Dropped : Host::Present;
    if (host == goal)
        return {0};
    const Host on_the_way = drop ? Host::Dropping : Host::Restoring;
    if (host != on_the_way) {
        host_next = 0;
        host_map_shattered |= host == Host::Dropping || host == Host::Restoring;
    }
    host = on_the_way;

    if (f.flush || f.generic_map || f.generic_unmap) {
        look_at_host(f);
        Allowed why_not;
        if (f.flush)
            why_not.insert(-EIO);
        if (f.generic_map || f.generic_unmap)
            why_not.insert(-ENOMEM);
        return why_not;
    }
    for (const uint64_t end = host_next + (f.host_frames ? f.host_frames : kHostPiece);
         host_next < std::min(end, world::kFrames); host_next++)
        host_maps[host_next] = !drop && host_frame(host_next) && !claim_of({host_next, 1});
    if (host_next < world::kFrames)
        return {-EAGAIN};
    host = goal;
    return {0};
}

void Model::interrupted(const xen_iommu_op &op)
{
    if (op.op == XEN_IOMMUOP_release)
        look_at_claim({op.u.range.bfn, op.u.range.nr});
    else if (op.op != XEN_IOMMUOP_claim)
        world::violate("op %u was interrupted", op.op);
}

// Leaf tables come, and stay.
void Model::look_at_tables(const Range &r)
{
    int used;
    for (uint64_t t = r.bfn / 512 * 512; t < r.bfn + r.nr; t += 512)
        if (peek_leaf(t, &used))
            tables.insert(t);
}

// A stopped release: an entry is as before, deferred, or gone with its table.
void Model::look_at_claim(const Range &r)
{
    int used;
    std::erase_if(tables, [&](uint64_t t) { return r.contains(t) && !peek_leaf(t, &used); });
    for (auto it = entries.lower_bound(r.bfn); it != entries.end() && r.contains(it->first);) {
        unsigned tag;
        if (peek_is_pending(peek_entry(it->first), &tag) && tag == 0)
            it->second.state = State::Deferred;
        it = tables.contains(it->first / 512 * 512) ? std::next(it) : entries.erase(it);
    }
}

// A stopped change of the host map: a frame goes the right way, or stays. A generic
// map that fails is an exception, and takes back the whole run, with frames from
// before a drop was turned round.
void Model::look_at_host(const Faults &f)
{
    host_map_shattered = true;
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn++)
        if (host_frame(mfn) && !claim_of({mfn, 1})) {
            const bool now = world::walk(mfn).present;
            if (now != host_maps[mfn] && now != (host == Host::Restoring) && !f.generic_map)
                world::violate("host map: frame %lx went the wrong way", static_cast<unsigned long>(mfn));
            host_maps[mfn] = now;
        }
}

} // namespace model
