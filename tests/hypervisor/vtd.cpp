// SPDX-License-Identifier: GPL-2.0-only
//
// The IOMMU driver: a multi-level table in VT-d's format, the additions of the hooks
// patch, and the generic map and unmap. On AMD-Vi only leaf tables of claims have its
// own format. Superpages are split and coalesced, as in Xen. The driver's words are
// written to caches and memory at once; only words that iommu_op writes itself can be
// forgotten in a cache.
#include "world_internal.h"

#include <mutex>

namespace world {

namespace {

page_info *root;
std::vector<page_info *> queues[NR_CPUS]; // tables to free when the CPU leaves the hypervisor
unsigned kept;
std::recursive_mutex mapping_lock; // as hd->arch.mapping_lock

unsigned shift_of(unsigned level) { return (level - 1) * 9; }
unsigned index_of(uint64_t bfn, unsigned level) { return (bfn >> shift_of(level)) & 511; }

uint64_t get(const page_info *pg, unsigned i, unsigned view = 0)
{
    return __atomic_load_n(&table_words(pg, view)[i], __ATOMIC_ACQUIRE);
}

void set(page_info *pg, unsigned i, uint64_t word)
{
    if (pg->leaf_of != kNone)
        violate("the driver writes to a leaf table of a claim, at BFN %lx",
                static_cast<unsigned long>(pg->leaf_of + i));
    pg->live = static_cast<uint16_t>(pg->live + !!word - !!get(pg, i));
    for (unsigned view = 0; view < 2; view++)
        __atomic_store_n(&table_words(pg, view)[i], word, __ATOMIC_RELEASE);
}

page_info *alloc_table()
{
    if (alloc_fails(Alloc::Table))
        return nullptr;
    page_info *pg = take_page();
    clear_domain_page(page_to_mfn(pg));
    return pg;
}

page_info *below(uint64_t word) { return &frames()[word_mfn(word)]; }

uint64_t link_to(const page_info *pg) { return (mfn_x(page_to_mfn(pg)) << PAGE_SHIFT) | kPresent; }

bool is_table_word(uint64_t word, unsigned level) { return level > 1 && (word & kPresent) && !(word & kSuperpage); }

// A superpage becomes a table with the same map.
page_info *split(page_info *parent, unsigned i, unsigned level, unsigned *flags)
{
    page_info *pg = alloc_table();
    if (!pg)
        return nullptr;
    const uint64_t word = get(parent, i);
    if (word & kPresent) {
        const uint64_t step = uint64_t{1} << (shift_of(level - 1) + PAGE_SHIFT);
        const uint64_t sp = level - 1 == 1 ? 0 : kSuperpage;
        for (unsigned j = 0; j < 512; j++)
            set(pg, j, ((word & ~kSuperpage) | sp) + j * step);
        *flags |= IOMMU_FLUSHF_modified;
    }
    set(parent, i, link_to(pg));
    return pg;
}

// The table of `target` level for bfn. NULL: absent, or no memory (*failed).
page_info *descend(uint64_t bfn, unsigned target, bool alloc, unsigned *flags, bool *failed)
{
    page_info *pg = root;
    for (unsigned level = config.levels; level > target; level--) {
        const unsigned i = index_of(bfn, level);
        const uint64_t word = get(pg, i);
        if (is_table_word(word, level)) {
            pg = below(word);
            continue;
        }
        if (!(word & kPresent) && !alloc)
            return nullptr;
        pg = split(pg, i, level, flags);
        if (!pg) {
            *failed = true;
            return nullptr;
        }
    }
    return pg;
}

void queue_free(page_info *pg, unsigned level)
{
    for (unsigned i = 0; level > 1 && i < 512; i++)
        if (is_table_word(get(pg, i), level))
            queue_free(below(get(pg, i)), level - 1);
    queues[smp_processor_id()].push_back(pg);
}

// Are all entries one run, so that the level above can have a superpage?
bool is_one_run(const page_info *pg, unsigned level)
{
    const uint64_t word = get(pg, 0), step = uint64_t{1} << (shift_of(level) + PAGE_SHIFT);
    if (pg->live != 512 || !(word & kPresent) || is_table_word(word, level) ||
        (word_mfn(word) & ((512ull << shift_of(level)) - 1)))
        return false;
    for (unsigned i = 1; i < 512; i++)
        if (get(pg, i) != word + i * step)
            return false;
    return true;
}

void coalesce(uint64_t bfn, unsigned level, unsigned *flags)
{
    for (; level < 3 && level < config.levels; level++) {
        bool failed = false;
        page_info *pg = descend(bfn, level, false, flags, &failed);
        if (!is_one_run(pg, level))
            return;
        page_info *parent = descend(bfn, level + 1, false, flags, &failed);
        set(parent, index_of(bfn, level + 1), get(pg, 0) | kSuperpage);
        *flags |= IOMMU_FLUSHF_modified | IOMMU_FLUSHF_all;
        queues[smp_processor_id()].push_back(pg);
    }
}

void free_if_empty(uint64_t bfn, unsigned level, unsigned *flags)
{
    for (; level < config.levels; level++) {
        bool failed = false;
        page_info *pg = descend(bfn, level, false, flags, &failed);
        if (!pg || pg->live || pg->leaf_of != kNone)
            return;
        page_info *parent = descend(bfn, level + 1, false, flags, &failed);
        set(parent, index_of(bfn, level + 1), 0);
        *flags |= IOMMU_FLUSHF_all;
        queues[smp_processor_id()].push_back(pg);
    }
}

int map_one(uint64_t bfn, uint64_t mfn, unsigned order, unsigned prot, unsigned *flags)
{
    const unsigned level = order / 9 + 1;
    bool failed = false;
    page_info *pg = descend(bfn, level, true, flags, &failed);
    if (!pg)
        return -ENOMEM;
    const unsigned i = index_of(bfn, level);
    const uint64_t old = get(pg, i);
    const uint64_t word = (mfn << PAGE_SHIFT) | (prot & IOMMUF_readable ? kRead : 0) |
                          (prot & IOMMUF_writable ? kWrite : 0) | (order ? kSuperpage : 0) |
                          (config.snoop ? kSnoop : 0);
    if (old == word)
        return 0;
    set(pg, i, word);
    *flags |= IOMMU_FLUSHF_added;
    if (old & kPresent) {
        *flags |= IOMMU_FLUSHF_modified;
        if (is_table_word(old, level))
            queue_free(below(old), level - 1);
    }
    coalesce(bfn, level, flags);
    return 0;
}

int unmap_one(uint64_t bfn, unsigned order, unsigned *flags)
{
    const unsigned level = order / 9 + 1;
    bool failed = false;
    page_info *pg = descend(bfn, level, false, flags, &failed);
    if (!pg)
        return failed ? -ENOMEM : 0;
    const unsigned i = index_of(bfn, level);
    const uint64_t old = get(pg, i);
    if (!(old & kPresent))
        return 0;
    set(pg, i, 0);
    *flags |= IOMMU_FLUSHF_modified;
    if (is_table_word(old, level))
        queue_free(below(old), level - 1);
    free_if_empty(bfn, level, flags);
    return 0;
}

unsigned order_for(uint64_t bfn, uint64_t mfn, unsigned long nr)
{
    unsigned order = 0;
    while (order < 18 && order + 9 < config.levels * 9) {
        const uint64_t mask = (512ull << order) - 1;
        if (((bfn | mfn) & mask) || nr <= mask)
            break;
        order += 9;
    }
    return order;
}

} // namespace

// A directory entry without a target, at every level but the last.
Walk walk_table(uint64_t bfn, unsigned view)
{
    if (bfn >> (9 * config.levels))
        return {};
    const page_info *pg = root;
    for (unsigned level = config.levels; level > 1; level--) {
        const uint64_t word = get(pg, index_of(bfn, level), view);
        if (!is_table_word(word, level)) {
            const uint64_t offset = bfn & ((1ull << shift_of(level)) - 1);
            return {nullptr, word & kPresent ? word + (offset << PAGE_SHIFT) : 0, shift_of(level)};
        }
        pg = below(word);
    }
    return {const_cast<page_info *>(pg), leaf_word(pg, index_of(bfn, 1), view), 0};
}

// AMD-Vi reads an entry of a leaf table so, and faults on reserved bits.
static uint64_t amd_word(uint64_t word)
{
    constexpr uint64_t kPr = 1, kNextLevel = 7ull << 9, kReserved = 0x7full << 52, kU = 1ull << 59, kFc = 1ull << 60;

    const uint64_t access = (word >> 61 & 1 ? kRead : 0) | (word >> 62 & 1 ? kWrite : 0);
    if (!(word & kPr)) {
        // Hardware ignores the access, but QEMU grants it.
        if (access)
            violate("AMD-Vi may take the entry %lx for present", static_cast<unsigned long>(word));
        return 0;
    }
    if ((word & (kNextLevel | kReserved | kU)) || !(word & kFc) || !access)
        violate("AMD-Vi can't use the entry %lx", static_cast<unsigned long>(word));
    return (word & (PADDR_MASK & PAGE_MASK)) | access;
}

uint64_t leaf_word(const page_info *pg, unsigned i, unsigned view)
{
    const uint64_t word = get(pg, i, view);
    return config.amd && pg->leaf_of != kNone ? amd_word(word) : word;
}

void vtd_start()
{
    for (auto &q : queues)
        q.clear();
    kept = 0;
    root = &frames()[kPool];
}

void vtd_reset()
{
    root = take_page(); // the pool's first
    clear_domain_page(page_to_mfn(root));

    unsigned flags = 0;
    for (uint64_t mfn = 0; mfn < kFrames;) {
        // The host map: RAM, and ranges that firmware reserved.
        const unsigned perms = mfn >= kRmrr && mfn < kRmrrRam ? 3 : host_perms(mfn);
        uint64_t end = mfn + 1;
        while (end < kFrames && perms == (end >= kRmrr && end < kRmrrRam ? 3 : host_perms(end)))
            end++;
        if (perms && iommu_map_any(&dom(0), _dfn(mfn), _mfn(mfn), end - mfn, perms, &flags))
            violate("the host map can't be made");
        mfn = end;
    }
    free_queued_tables();
}

void free_queued_tables()
{
    std::lock_guard guard(mapping_lock);
    std::vector<page_info *> &queue = queues[smp_processor_id()];
    for (page_info *pg : queue) {
        pg->leaf_of = kNone;
        free_domheap_page(pg);
    }
    queue.clear();
}

// They were never freed: a device may still walk them.
void keep_queued_tables()
{
    std::lock_guard guard(mapping_lock);
    std::vector<page_info *> &queue = queues[smp_processor_id()];
    kept += static_cast<unsigned>(queue.size());
    queue.clear();
}

unsigned tables_kept() { return kept; }

// As hwdom_iommu_map() says of RAM, in a world without options.
unsigned host_perms(uint64_t mfn)
{
    if (page_get_ram_type(_mfn(mfn)) != RAM_TYPE_CONVENTIONAL || (mfn >= kXen && mfn < kRam))
        return 0;
    return mfn == kReadOnlyRam ? IOMMUF_readable : IOMMUF_readable | IOMMUF_writable;
}

namespace {

void leaf_info(domain *, iommu_leaf_info *info)
{
    info->bfn_bits = 9 * config.levels;
    info->entry_bits = config.amd ? 1ull << 60 | 1 : config.snoop ? kSnoop : 0;
    info->read = config.amd ? 1ull << 61 : kRead;
    info->write = config.amd ? 1ull << 62 : kWrite;
    info->kind_shift = config.amd ? 2 : 59;
    if (config.caching_mode)
        info->flush_added = config.amd ? IOMMU_FLUSHF_modified : IOMMU_FLUSHF_added;
    if (config.amd && config.levels > 3) {
        info->message_bfn = kHt;
        info->message_nr = kHtNr;
    }
}

unsigned vacant(uint64_t bfn)
{
    const Walk w = walk_table(bfn, 0);
    return w.leaf || (w.word & kPresent) ? 0 : w.order;
}

unsigned leaf_vacant(domain *, dfn_t dfn)
{
    std::lock_guard guard(mapping_lock);
    return vacant(dfn_x(dfn));
}

page_info *leaf_attach(domain *, dfn_t dfn)
{
    std::lock_guard guard(mapping_lock);
    unsigned flags = 0;
    bool failed = false;
    page_info *pg = nullptr;

    if (dfn_x(dfn) % 512 || !vacant(dfn_x(dfn)))
        violate("the place for a leaf table at %lx is not vacant", dfn_x(dfn));
    else
        pg = descend(dfn_x(dfn), 1, true, &flags, &failed);
    if (pg)
        pg->leaf_of = dfn_x(dfn);
    if (!threaded())
        log.allocations.push_back({Alloc::Leaf, !pg});
    return pg;
}

void leaf_detach(domain *, dfn_t dfn)
{
    std::lock_guard guard(mapping_lock);
    unsigned flags = 0;
    const Walk w = walk_table(dfn_x(dfn), 0);

    if (!w.leaf || w.leaf->leaf_of != dfn_x(dfn))
        return violate("no leaf table is attached at %lx", dfn_x(dfn));
    unmap_one(dfn_x(dfn), 9, &flags);
}

int leaf_flush(domain *d, dfn_t dfn, unsigned order)
{
    return iommu_iotlb_flush(d, dfn, 1ul << order, IOMMU_FLUSHF_modified);
}

unsigned leaf_device(domain *d, const pci_dev *pdev)
{
    if (d != &dom(0) || !pcidevs_locked())
        violate("the driver is asked for a device without its lock, or for domain %u", d->domain_id);
    return pdev->why;
}

} // namespace

const iommu_ops vtd_ops = {leaf_info, leaf_vacant, leaf_attach, leaf_detach, leaf_flush, leaf_device};

} // namespace world

using namespace world;

void iommu_keep_queued_pgtables(void) { keep_queued_tables(); }

static void flush_after_failure(domain *d, unsigned long nr, unsigned *flags)
{
    driver_flushes = true;
    if (nr > 1 && !iommu_iotlb_flush_all(d, *flags))
        *flags = 0;
    driver_flushes = false;
}

long iommu_map_any(domain *d, dfn_t dfn, mfn_t mfn, unsigned long nr, unsigned int prot, unsigned int *flags)
{
    std::lock_guard guard(mapping_lock);
    for (unsigned long i = 0; i < nr;) {
        const unsigned order = order_for(dfn_x(dfn) + i, mfn_x(mfn) + i, nr - i);
        const int rc = map_one(dfn_x(dfn) + i, mfn_x(mfn) + i, order, prot, flags);
        if (rc) {
            log.generic_map_failed = true;
            iommu_unmap_any(d, dfn, i, 0, flags);
            flush_after_failure(d, nr, flags);
            return rc;
        }
        i += 1ul << order;
    }
    // Not the world's own maps, before any call.
    for (unsigned long i = 0; i < nr && !threaded() && d->iommu.arch.pv; i++) {
        const uint64_t entry = peek_entry(dfn_x(dfn) + i); // its shadow, if a claim has the BFN
        if (entry)
            mapped_by_table(dfn_x(dfn) + i, mfn_x(mfn) + i, peek_yields(entry));
        else
            mapped_by_host(dfn_x(dfn) + i, mfn_x(mfn) + i);
    }
    return 0;
}

// Goes on after an error, as for any hardware domain.
long iommu_unmap_any(domain *d, dfn_t dfn, unsigned long nr, unsigned int, unsigned int *flags)
{
    std::lock_guard guard(mapping_lock);
    int rc = 0;
    for (unsigned long i = 0; i < nr;) {
        const unsigned order = order_for(dfn_x(dfn) + i, 0, nr - i);
        const int err = unmap_one(dfn_x(dfn) + i, order, flags);
        rc = rc ? rc : err;
        i += 1ul << order;
    }
    if (rc) {
        log.generic_unmap_failed = true;
        flush_after_failure(d, nr, flags);
    }
    return rc;
}
