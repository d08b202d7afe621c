// SPDX-License-Identifier: GPL-2.0-only
//
// Comparisons after a call: flushes, entries, table, IOTLB, references.
#include "checker.h"

#include <algorithm>
#include <map>

using model::Entry;
using model::Range;
using model::State;
using world::violate;

namespace {

unsigned long ul(uint64_t x) { return static_cast<unsigned long>(x); }

bool is_covered(uint64_t bfn, const std::vector<world::Flush> &flushes, unsigned flag)
{
    return std::any_of(flushes.begin(), flushes.end(),
                       [&](const world::Flush &f) { return (f.flags & flag) && (f.all || bfn - f.first < f.nr); });
}

uint64_t total(const std::vector<Range> &ranges)
{
    uint64_t n = 0;
    for (const Range &r : ranges)
        n += r.nr;
    return n;
}

// Does one aligned block, not larger than twice the range, cover the range?
bool fits_a_block(const Range &r)
{
    uint64_t size = 1;
    while ((r.bfn ^ (r.bfn + r.nr - 1)) >= size)
        size *= 2;
    return size <= 2 * r.nr;
}

void check_kind(const std::vector<world::Flush> &flushes, const std::vector<Range> &ranges, unsigned flag,
                const char *what)
{
    size_t n = 0, whole = 0;
    uint64_t frames = 0;
    for (const world::Flush &f : flushes)
        if (f.flags & flag) {
            n++;
            whole += f.all;
            frames += f.all ? 0 : f.nr;
        }
    for (const Range &r : ranges)
        for (uint64_t i = 0; i < r.nr; i++)
            if (!is_covered(r.bfn + i, flushes, flag))
                return violate("BFN %lx was %s, and no flush covered it", ul(r.bfn + i), what);

    // New and freed tables ask for more, and AMD-Vi has one kind of flush for both.
    if (world::config.generic || (world::config.amd && world::config.caching_mode))
        return;
    if (n > 8 || n > 2 * ranges.size() || (whole && n != 1))
        violate("%zu flushes for %zu ranges that were %s", n, ranges.size(), what);
    if (ranges.size() == 1 && fits_a_block(ranges[0]) && n != 1)
        violate("%zu flushes for one range that was %s", n, what);
    if (whole && ranges.size() <= 4)
        violate("the whole domain was flushed for %zu ranges", ranges.size());
    if (frames > 2 * total(ranges))
        violate("%lu frames were flushed for %lu that were %s", ul(frames), ul(total(ranges)), what);
}

} // namespace

void Checker::check_flushes(const Active &a) const
{
    check_kind(a.flushes, a.batch.changed, IOMMU_FLUSHF_modified, "unmapped");
    if (world::config.caching_mode)
        check_kind(a.flushes, a.batch.added, world::config.amd ? IOMMU_FLUSHF_modified : IOMMU_FLUSHF_added, "mapped");
    if (a.batch.changed.empty() && !a.flushes.empty() && !world::config.caching_mode && !world::config.generic)
        violate("a flush, though nothing was unmapped");
}

// Set if the BFN has yielded, or an earlier map of the BFN did.
void Checker::check_bit(uint64_t bfn, const Entry &e) const
{
    const model::Claim *c = model.claim_of({bfn, 1});
    const auto page = c ? c->watch.find(bfn / 32768) : std::map<uint64_t, uint64_t>::const_iterator();
    if (!c || page == c->watch.end())
        return;
    const unsigned long *words = world::words_of(page->second);
    const bool set = words && words[bfn % 32768 / 64] >> (bfn % 64) & 1;
    if (e.yielded && !e.revoked ? !set : set && !model.ever_yielded.contains(bfn))
        violate("BFN %lx: its bit is %sset", ul(bfn), set ? "" : "not ");
}

void Checker::check_entry(uint64_t bfn) const
{
    const auto it = model.entries.find(bfn);
    const uint64_t word = peek_entry(bfn);
    const world::Translation t = world::walk(bfn);
    unsigned tag;

    if (!model.claim_of({bfn, 1}))
        return;
    if (it == model.entries.end()) {
        if (word || t.present)
            violate("BFN %lx: free, but its entry is %lx", ul(bfn), ul(word));
        return;
    }
    const Entry &e = it->second;
    if (!word || peek_mfn(word) != e.mfn || !!peek_yields(word) != (e.yields() && !e.yielded) ||
        !!peek_has_yielded(word) != e.yielded)
        violate("BFN %lx: its entry %lx is not of frame %lx", ul(bfn), ul(word), ul(e.mfn));
    check_bit(bfn, e);
    if (e.state == State::Mapped && e.yielded) {
        if (peek_is_mapped(word) || t.present || peek_is_pending(word, &tag))
            violate("BFN %lx has yielded, its entry is %lx", ul(bfn), ul(word));
    } else if (e.state == State::Mapped) {
        const bool w = e.flags & XEN_IOMMUOP_MAP_write, r = e.flags & XEN_IOMMUOP_MAP_read;
        if (!peek_is_mapped(word) || !t.present || t.mfn != e.mfn || t.write != w || t.read != r)
            violate("BFN %lx: mapped to %lx, the table says otherwise", ul(bfn), ul(e.mfn));
        if (depth() <= 1 && !world::in_memory(bfn))
            violate("BFN %lx: its entry never left the cache", ul(bfn));
        // After a failed flush the device may fault there: nobody's promise.
        if (!a_flush_failed_ && !in_flight(bfn) && !world::device_finds(bfn, e.mfn))
            violate("BFN %lx is mapped, but its device still knows otherwise", ul(bfn));
    } else {
        if (!peek_is_pending(word, &tag) || tag != (e.state == State::Pending ? e.batch + 1 : 0))
            violate("BFN %lx: waits for a flush, its entry is %lx", ul(bfn), ul(word));
        // The generic path may have failed to split a superpage.
        if (t.present && !(world::config.generic && t.mfn == e.mfn))
            violate("BFN %lx: waits for a flush, but is in the table", ul(bfn));
        if (depth() <= 1 && !world::in_memory(bfn) && !world::config.generic)
            violate("BFN %lx: was cleared in the cache only", ul(bfn));
    }
}

// Mapped by a batch before its flush?
bool Checker::in_flight(uint64_t bfn) const
{
    for (const Active &a : stack_)
        for (const Range &r : a.batch.added)
            if (r.contains(bfn))
                return true;
    return false;
}

// Each entry of the IOTLB is in the table, or waits for a flush.
void Checker::check_iotlb() const
{
    for (const world::Cached &c : world::iotlb()) {
        const auto it = model.entries.find(c.bfn);
        const bool known = it != model.entries.end();
        if (!c.to.present) {
            continue; // check_entry() knows better
        } else if (known) {
            if (c.to.mfn != it->second.mfn)
                violate("BFN %lx: the IOTLB leads to %lx, the map says %lx", ul(c.bfn), ul(c.to.mfn),
                        ul(it->second.mfn));
            if (c.to.write && !(it->second.flags & XEN_IOMMUOP_MAP_write))
                violate("BFN %lx: read-only, the IOTLB lets writes through", ul(c.bfn));
        } else if (model.claim_of({c.bfn, 1})) {
            violate("BFN %lx is free, but in the IOTLB", ul(c.bfn));
        } else if (c.bfn >= world::kFrames || c.to.mfn != c.bfn) {
            violate("BFN %lx is nobody's, the IOTLB leads to %lx", ul(c.bfn), ul(c.to.mfn));
        } else if (model.host == model::Host::Dropped && !world::is_reserved(c.bfn)) {
            violate("BFN %lx: the host map is dropped, but the IOTLB has the entry", ul(c.bfn));
        }
    }
}

void Checker::check_leaves() const
{
    std::map<uint64_t, int> used;
    for (const auto &[bfn, e] : model.entries)
        used[bfn / 512 * 512]++;
    for (const model::Claim &c : model.claims)
        for (uint64_t leaf = c.bfn; leaf < c.bfn + c.nr && leaf < c.bfn + 512ull * 256; leaf += 512) {
            int n;
            const bool there = peek_leaf(leaf, &n);
            if (there != model.tables.contains(leaf))
                violate("BFN %lx: has %s leaf table", ul(leaf), there ? "a" : "no");
            const auto want = used.find(leaf);
            if (n != (want == used.end() ? 0 : want->second))
                violate("BFN %lx: %d entries of its table are said to be in use", ul(leaf), n);
        }
}

void Checker::check_frames() const
{
    const auto held = model.held();
    auto next = held.begin();
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn++) {
        const bool any = next != held.end() && next->first == mfn;
        const model::Model::Held want = any ? (next++)->second : model::Model::Held{};
        if (world::held(mfn) != want.refs || world::held_types(mfn) != want.types)
            violate("frame %lx: %d references and %d types are held, not %ld and %ld", ul(mfn), world::held(mfn),
                    world::held_types(mfn), want.refs, want.types);
    }
    for (unsigned id = 0; id < 3; id++)
        if (world::dom(id).locks)
            violate("domain %u stays locked", id);
}

void Checker::check_host_map() const
{
    // A sample is enough for the fuzzer, which comes back.
    for (uint64_t mfn = 0; mfn < world::kFrames; mfn += thorough ? 1 : 61) {
        if (model.claim_of({mfn, 1}))
            continue;
        const world::Translation t = world::walk(mfn);
        const bool reserved = (mfn >= world::kRmrr && mfn < world::kRam2);
        if (t.present != (model.host_maps[mfn] || reserved))
            violate("host map: frame %lx is %smapped", ul(mfn), t.present ? "" : "un");
        if (t.present && (t.mfn != mfn || t.write == (mfn == world::kReadOnlyRam)))
            violate("host map: frame %lx is mapped wrongly", ul(mfn));
    }
}

void Checker::quick_check() const
{
    for (uint64_t bfn : touched_)
        check_entry(bfn);
    check_iotlb();
}

void Checker::audit()
{
    for (const auto &[bfn, e] : model.entries)
        check_entry(bfn);
    check_iotlb();
    check_leaves();
    check_frames();
    check_host_map();
    // The state of a domain is two pieces of memory.
    const size_t state = world::dom(0).iommu.arch.pv ? 2 + peek_batches() : 0;
    if (world::heap_pages_live() != peek_heap_pages() ||
        (model.claims.empty() && peek_allocations() + peek_heap_pages()))
        violate("%u pages of the look-up are left of %u", peek_heap_pages(), world::heap_pages_live());
    if (world::allocations_live() != model.claims.size() + state + peek_allocations())
        violate("%u allocations are left for %zu claims", world::allocations_live(), model.claims.size());
}

void Checker::wind_up()
{
    const std::function<bool()> none;
    alloc_fails = flush_fails = copy_in_fails = copy_out_fails = general_preempt = none;
    preempt = nullptr;
    at_boundary = at_flush = between_parts = nullptr;

    op(op_plain(XEN_IOMMUOP_usage));
    while (!model.claims.empty()) {
        const model::Claim c = model.claims.back();
        op(op_release(c.bfn, static_cast<uint32_t>(c.nr), XEN_IOMMUOP_RELEASE_unmap));
        if (!model.claims.empty() && model.claims.back().bfn == c.bfn)
            return violate("claim %lx can't be released", ul(c.bfn));
    }
    op_to_end(op_plain(XEN_IOMMUOP_restore_host_map));
    op(op_plain(XEN_IOMMUOP_usage));
    audit();
    // The driver keeps directories from before its memory ran out.
    const bool may_differ = any_alloc_failed_ || model.host_map_shattered;
    if (!model.entries.empty() || !model.tables.empty() ||
        (world::pool_used() != pool_before_ + world::tables_kept() && !may_differ))
        violate("%u tables are left of what were %u", world::pool_used(), pool_before_);
}
