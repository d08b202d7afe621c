// SPDX-License-Identifier: GPL-2.0-only
//
// The device and its IOTLB. The IOTLB caches every translation, negative entries as well
// in caching mode, and forgets only by invalidation. A reference that is dropped
// before the flush therefore shows as a frame within the device's reach. So does a
// reused BFN.
#include "world_internal.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>

namespace world {

bool driver_flushes;

namespace {

std::unordered_map<uint64_t, uint64_t> tlb;           // BFN to leaf word; 0: absent
std::unordered_map<uint64_t, page_info *> walk_cache; // BFN / 512 to leaf table
std::vector<uint64_t> watch_list;

struct Seen {
    uint64_t bfn;
    bool yields;
};
std::unordered_map<uint64_t, std::vector<Seen>> seen; // by MFN
bool a_flush_failed[NR_CPUS];                         // in this part of a call

bool may(uint64_t word, bool write) { return word & (write ? kWrite : kPresent); }

bool leads_to(uint64_t word, uint64_t mfn, bool write) { return may(word, write) && word_mfn(word) == mfn; }

Walk walk_as_device(uint64_t bfn, unsigned view)
{
    const auto hit = walk_cache.find(bfn / 512);
    if (hit == walk_cache.end())
        return walk_table(bfn, view);
    return {hit->second, leaf_word(hit->second, bfn % 512, view), 0};
}

void touch(uint64_t bfn)
{
    if (tlb.contains(bfn))
        return;
    // The device may see memory, or a cache's last write-back.
    Walk w = walk_as_device(bfn, 1);
    if (!(w.word & kPresent))
        w = walk_as_device(bfn, 0);
    if (w.leaf)
        walk_cache[bfn / 512] = w.leaf;
    if (w.word & kPresent)
        tlb[bfn] = w.word;
    else if (config.caching_mode)
        tlb[bfn] = 0;
}

void invalidate(const Flush &f)
{
    const auto covered = [&](uint64_t bfn) { return f.all || bfn - f.first < f.nr; };
    const bool modified = f.flags & IOMMU_FLUSHF_modified;

    if (!modified && !config.caching_mode)
        return; // the hardware has nothing to forget, and VT-d skips the flush
    std::erase_if(tlb, [&](const auto &e) { return covered(e.first) && (modified || !e.second); });
    if (modified)
        std::erase_if(walk_cache, [&](const auto &e) {
            const uint64_t first = e.first * 512;
            return f.all || (first < f.first + f.nr && f.first < first + 512);
        });
}

int flush(Flush f)
{
    if (threaded())
        return 0;
    // A range other than an aligned block becomes one flush of the whole domain.
    if (!f.all && ((f.nr & (f.nr - 1)) || (f.first & (f.nr - 1)))) {
        violate("flush of %lx+%lx is not aligned", static_cast<unsigned long>(f.first),
                static_cast<unsigned long>(f.nr));
        f.all = true;
    }
    f.by_driver = driver_flushes;
    device_runs();
    if (hooks.before_flush && !f.by_driver)
        hooks.before_flush();
    // AMD-Vi's flushes of fresh and of removed maps look the same, and none fails.
    f.failed = hooks.flush_fails && hooks.flush_fails() && !(config.amd && config.caching_mode);
    if (!f.failed)
        invalidate(f);
    else if (f.by_driver)
        a_flush_failed[smp_processor_id()] = true;
    if (hooks.flushed)
        hooks.flushed(f);
    device_runs();
    return f.failed ? -ETIMEDOUT : 0;
}

} // namespace

void device_reset()
{
    tlb.clear();
    walk_cache.clear();
    watch_list.clear();
    seen.clear();
    std::fill(std::begin(a_flush_failed), std::end(a_flush_failed), false);
    driver_flushes = false;
}

void device_part_done() { a_flush_failed[smp_processor_id()] = false; }

void watch(uint64_t bfn)
{
    if (watch_list.size() < 96 && std::find(watch_list.begin(), watch_list.end(), bfn) == watch_list.end())
        watch_list.push_back(bfn);
}

const std::vector<uint64_t> &watched() { return watch_list; }

void device_runs()
{
    if (!threaded())
        for (uint64_t bfn : watch_list)
            touch(bfn);
}

void mapped_by_table(uint64_t bfn, uint64_t mfn, bool yields)
{
    std::vector<Seen> &v = seen[mfn];
    for (Seen &s : v)
        if (s.bfn == bfn) {
            s.yields = yields;
            return;
        }
    v.push_back({bfn, yields});
}

void mapped_by_host(uint64_t bfn, uint64_t mfn)
{
    const auto it = seen.find(mfn);
    if (it != seen.end())
        std::erase_if(it->second, [&](const Seen &s) { return s.bfn == bfn; });
}

bool reaches(uint64_t bfn, uint64_t mfn, bool write)
{
    const auto cached = tlb.find(bfn);
    if (cached != tlb.end() && leads_to(cached->second, mfn, write))
        return true;
    for (unsigned view = 0; view < 2; view++)
        if (leads_to(walk_table(bfn, view).word, mfn, write) || leads_to(walk_as_device(bfn, view).word, mfn, write))
            return true;
    return false;
}

bool device_finds(uint64_t bfn, uint64_t mfn)
{
    const auto cached = tlb.find(bfn);
    return leads_to(cached != tlb.end() ? cached->second : walk_as_device(bfn, 1).word, mfn, false);
}

// A reference, or a writable type, is dropped: `left` of iommu_op's remain. At most
// `left` translations may still lead to the frame.
void about_to_put(uint64_t mfn, long left, bool typed)
{
    if (threaded())
        return;
    const auto it = seen.find(mfn);
    if (it == seen.end())
        return;

    long reach = 0;
    std::erase_if(it->second, [&](const Seen &s) {
        touch(s.bfn);
        const bool yes = reaches(s.bfn, mfn, false);
        reach += yes && !s.yields && reaches(s.bfn, mfn, typed);
        return !yes;
    });
    if (reach > left)
        violate("frame %lx is let go, %ld left, but %ld BFNs still lead there%s", static_cast<unsigned long>(mfn), left,
                reach, typed ? " for writing" : "");
}

void revoked(uint64_t mfn)
{
    const auto it = seen.find(mfn);
    if (threaded() || it == seen.end())
        return;
    for (const Seen &s : it->second) {
        touch(s.bfn);
        if (s.yields && reaches(s.bfn, mfn, false))
            violate("frame %lx is no ordinary page any more, but BFN %lx leads there", static_cast<unsigned long>(mfn),
                    static_cast<unsigned long>(s.bfn));
    }
}

// Xen's generic code frees tables although its own flush failed; nothing to do with us.
bool walk_cache_holds(const page_info *pg)
{
    if (a_flush_failed[smp_processor_id()])
        std::erase_if(walk_cache, [&](const auto &e) { return e.second == pg; });
    return std::any_of(walk_cache.begin(), walk_cache.end(), [&](const auto &e) { return e.second == pg; });
}

Translation walk(uint64_t bfn)
{
    const Walk w = walk_table(bfn, 0);
    if (!(w.word & kPresent))
        return {};
    return {true, !!(w.word & kWrite), !!(w.word & kRead), word_mfn(w.word), w.leaf ? 0 : w.order};
}

bool in_memory(uint64_t bfn)
{
    const uint64_t a = walk_table(bfn, 0).word, b = walk_table(bfn, 1).word;
    return !(a & kPresent) && !(b & kPresent) ? true : a == b;
}

std::vector<Cached> iotlb()
{
    std::vector<Cached> all;
    for (const auto &[bfn, word] : tlb)
        all.push_back({bfn, word & kPresent ? Translation{true, !!(word & kWrite), !!(word & kRead), word_mfn(word), 0}
                                            : Translation{}});
    return all;
}

} // namespace world

using namespace world;

int iommu_iotlb_flush(domain *, dfn_t dfn, unsigned long nr, unsigned int flags)
{
    if (!nr || !flags)
        return 0;
    return flush({.all = !!(flags & IOMMU_FLUSHF_all), .first = dfn_x(dfn), .nr = nr, .flags = flags});
}

int iommu_iotlb_flush_all(domain *, unsigned int flags)
{
    if (!flags)
        return 0;
    return flush({.all = true, .first = 0, .nr = ~0ul, .flags = flags});
}

// The CPU's caches reach memory for [addr, addr + size).
void iommu_sync_cache(const void *addr, unsigned int size)
{
    unsigned index = 0;
    page_info *pg = size ? table_of(addr, &index) : nullptr;
    if (!pg)
        return;
    for (unsigned i = index; i < index + size / sizeof(uint64_t); i++) {
        const uint64_t word = __atomic_load_n(&table_words(pg, 0)[i], __ATOMIC_ACQUIRE);
        __atomic_store_n(&table_words(pg, 1)[i], word, __ATOMIC_RELEASE);
        if (pg->leaf_of != kNone && (leaf_word(pg, i, 0) & kPresent) && !threaded())
            mapped_by_table(pg->leaf_of + i, word_mfn(word), peek_yields(word));
    }
    device_runs();
}
