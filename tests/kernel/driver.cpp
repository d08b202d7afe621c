// SPDX-License-Identifier: GPL-2.0-only
#include "driver.h"

using namespace world;

static std::array<bool, kDevices> taken;

Device::Device(pviommu_mode mode)
{
    pd_.mode = mode;
    pd_.dev = &dev_;
    while (taken[slot_])
        slot_++;
    taken[slot_] = true;
    pd_.counters = &device_counters.of[slot_];
    take_counters();
}

Device::~Device()
{
    // A device's counts outlive the device, as in device.c.
    for (const auto &[which, sum] : take_counters())
        pviommu_count(which, sum);
    taken[slot_] = false;
}

std::vector<std::pair<pviommu_counter, uint64_t>> Device::take_counters()
{
    std::vector<std::pair<pviommu_counter, uint64_t>> sums;
    for (int which = 0; which < PVIOMMU_DEVICE_COUNTERS; which++)
        sums.emplace_back(static_cast<pviommu_counter>(which), counter(static_cast<pviommu_counter>(which)));
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        *per_cpu_ptr(pd_.counters, cpu) = {};
    return sums;
}

uint64_t Device::counter(pviommu_counter which) const
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        sum += __atomic_load_n(&per_cpu_ptr(pd_.counters, cpu)->value[which], __ATOMIC_RELAXED);
    return sum;
}

// Is the mapping in place, with the access of its map? A yielded mapping is not.
void Device::check(const Mapping &m, bool lives) const
{
    for (unsigned long i = 0; i < m.nr; i++) {
        const Entry e = entry(m.bfn() + i);
        if (lives && e.yielded)
            continue;
        if (!is_handed_out(m.bfn() + i))
            violate("a mapping's BFN %#lx is free", m.bfn() + i);
        if (!e.mapped || e.mfn != mfn_of(m.pfn + i))
            violate("BFN %#lx leads to MFN %#lx, not to page %#lx's %#lx", m.bfn() + i, e.mapped ? e.mfn : ~0ul,
                    m.pfn + i, mfn_of(m.pfn + i));
        if (e.write != m.write && !pviommu_static_contains(m.addr))
            violate("BFN %#lx is %swritable", m.bfn() + i, e.write ? "" : "not ");
    }
}

Mapping Device::map(unsigned long pfn, unsigned long nr, const How &how)
{
    u16 access = XEN_IOMMUOP_MAP_read;
    if (how.write)
        access |= XEN_IOMMUOP_MAP_write;
    if (how.strict)
        access |= PVIOMMU_MAP_STRICT;
    Mapping m;
    m.pfn = pfn;
    m.nr = nr;
    m.write = how.write;
    const size_t size = how.empty ? 0 : nr * PAGE_SIZE - how.offset;
    m.addr = harness_map(&pd_, (pfn << PAGE_SHIFT) + how.offset, size, how.limit, access, how.align);
    if (!m)
        return m;
    if (m.addr % PAGE_SIZE != how.offset)
        violate("the offset in the page is lost");
    if ((m.bfn() ^ pfn) & (how.align - 1))
        violate("BFN %#lx is not page %#lx modulo %lu", m.bfn(), pfn, how.align);
    if (m.addr + nr * PAGE_SIZE - 1 > how.limit)
        violate("the device does not reach %#llx", m.addr);
    check(m, false);
    return m;
}

Mapping Device::map_mmio(uint64_t mfn, unsigned long nr)
{
    Mapping m;
    m.nr = nr;
    m.addr = harness_map(&pd_, mfn << PAGE_SHIFT, nr << PAGE_SHIFT, ~0ull,
                         XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write | XEN_IOMMUOP_MAP_mmio, 1);
    return m;
}

int Device::unmap(const Mapping &m)
{
    if (m.pfn)
        check(m, true);
    const bool strict = __atomic_load_n(&pd_.mode, __ATOMIC_RELAXED) == PVIOMMU_STRICT;
    const int err = harness_unmap(&pd_, m.addr);
    // (Not with other CPUs at work, which may have the BFNs already.)
    if (strict && !threaded() && !faults)
        for (unsigned long i = 0; i < m.nr; i++)
            if (entry(m.bfn() + i).cached)
                violate("a device reaches BFN %#lx after a strict unmap", m.bfn() + i);
    return err;
}

// Whole or not at all, a piece at a time.
int Device::map_parts(const Mapping &m, const std::vector<Part> &parts, uint64_t bfn, bool &unclean, uint64_t &desc)
{
    const u16 access = (m.write ? 3 : 1) | pviommu_xen.yield;
    unsigned long room = 0, flags = 0;
    std::vector<std::pair<unsigned long, unsigned long>> mapped, piece;
    pviommu_batch *b = nullptr;
    const auto end_piece = [&] {
        const int err = pviommu_batch_map_end(b);
        unclean = b->unclean;
        desc |= b->desc;
        pviommu_batch_end(flags);
        b = nullptr;
        if (err) {
            unsigned long pages = 0;
            unclean |= unmap_parts(bfn, mapped, pages) != 0;
        }
        mapped.insert(mapped.end(), piece.begin(), piece.end());
        piece.clear();
        return err;
    };
    for (size_t i = 0; i < parts.size(); i++)
        for (unsigned long done = 0, nr = 0; done < parts[i].nr; done += nr) {
            if (!b) {
                b = pviommu_batch_begin(&flags);
                room = pviommu_xen.piece;
            }
            nr = std::min(parts[i].nr - done, room);
            room -= nr;
            const unsigned long at = m.parts[i].first + done;
            piece.emplace_back(at, nr);
            const bool failed = pviommu_batch_pages(b, bfn + at, parts[i].pfn + done, nr, access);
            if (failed || !room)
                if (const int err = end_piece())
                    return err;
        }
    return b ? end_piece() : 0;
}

int Device::unmap_parts(uint64_t bfn, const std::vector<std::pair<unsigned long, unsigned long>> &parts,
                        unsigned long &pages)
{
    unsigned long room = 0, flags = 0;
    pviommu_batch *b = nullptr;
    int err = 0;
    const auto end_piece = [&] {
        const int failed = pviommu_batch_unmap_end(b);
        err = err ? err : failed;
        pviommu_batch_end(flags);
        b = nullptr;
    };
    for (const auto &[at, all] : parts)
        for (unsigned long done = 0, nr = 0; done < all; done += nr) {
            if (!b) {
                b = pviommu_batch_begin(&flags);
                room = pviommu_xen.piece;
            }
            nr = std::min(all - done, room);
            pviommu_batch_unmap(b, bfn + at + done, nr);
            pages += nr;
            room -= nr;
            if (!room)
                end_piece();
        }
    if (b)
        end_piece();
    return err;
}

Mapping Device::map_list(const std::vector<Part> &parts, bool write)
{
    Mapping m;
    unsigned long pages = 0, flags = 0;
    for (const Part &p : parts) {
        m.parts.emplace_back(m.nr + p.gap, p.nr);
        m.nr += p.gap + p.nr;
        pages += p.nr;
    }
    m.write = write;
    struct pviommu_run run = {};
    unsigned tries = PVIOMMU_RUN_TRIES;
    bool unclean = false;
    uint64_t desc = 0;
    int err = 0;
    do {
        if (!pviommu_run_alloc(&pd_, ~0ull, m.nr, 1, 0, &run))
            return m;
        unclean = false;
        desc = 0;
        err = map_parts(m, parts, run.bfn, unclean, desc);
        if (err)
            pviommu_map_failed(&pd_, &run, m.nr, err, unclean);
    } while (err == -ENOMEM && !unclean && --tries);
    if (err)
        return m;
    pviommu_batch_begin(&flags);
    pviommu_list_mapped(&pd_, &run, m.nr, pages, desc);
    pviommu_batch_end(flags);
    m.addr = run.bfn << PAGE_SHIFT;
    for (size_t i = 0; m && i < parts.size(); i++)
        check_part(m, m.parts[i].first, parts[i].pfn, parts[i].nr);
    return m;
}

void Device::check_part(const Mapping &m, unsigned long at, unsigned long pfn, unsigned long nr) const
{
    Mapping part;
    part.addr = (m.bfn() + at) << PAGE_SHIFT;
    part.pfn = pfn;
    part.nr = nr;
    part.write = m.write;
    check(part, false);
}

Mapping Device::map_pages(const std::vector<unsigned long> &pfns, bool write)
{
    Mapping m;
    unsigned long flags = 0;
    m.nr = pfns.size();
    m.write = write;
    if (!pviommu_list_fits(static_cast<u32>(m.nr)))
        return m;
    struct pviommu_run run = {};
    if (!pviommu_run_alloc(&pd_, ~0ull, m.nr, 1, 0, &run))
        return m;
    pviommu_batch *b = pviommu_batch_begin(&flags);
    u64 *mfns = pviommu_batch_list(b, run.bfn, static_cast<u32>(m.nr), (write ? 3 : 1) | pviommu_xen.yield);
    for (size_t i = 0; i < pfns.size(); i++)
        mfns[i] = __pfn_to_mfn(pfns[i]);
    const int err = pviommu_batch_map_end(b);
    if (err) {
        pviommu_map_failed(&pd_, &run, m.nr, err, b->unclean);
    } else {
        pviommu_list_mapped(&pd_, &run, m.nr, m.nr, b->desc);
        m.addr = run.bfn << PAGE_SHIFT;
    }
    pviommu_batch_end(flags);
    for (size_t i = 0; m && i < pfns.size(); i++)
        check_part(m, i, pfns[i], 1);
    return m;
}

dma_iova_state Device::alloc_links(unsigned long pages, unsigned long offset)
{
    dma_iova_state state = {};
    if (!pviommu_links_alloc(&pd_, &state, offset, pages * PAGE_SIZE - offset, ~0ull))
        return {};
    if (state.addr % PAGE_SIZE != offset)
        violate("the offset in the page is lost");
    return state;
}

int Device::link(const dma_iova_state &state, unsigned long pfn, size_t at, size_t size, bool write)
{
    return pviommu_links_add(&state, (pfn << PAGE_SHIFT) + (at ? 0 : state.addr % PAGE_SIZE), at, size, write ? 3 : 1);
}

// Each page by a call of its own, as the block layer does.
Mapping Device::map_links(dma_iova_state &state, const std::vector<unsigned long> &pfns, bool write)
{
    Mapping m;
    size_t at = 0;
    for (const unsigned long pfn : pfns) {
        const size_t size = PAGE_SIZE - (at ? 0 : state.addr % PAGE_SIZE);
        if (link(state, pfn, at, size, write))
            return m;
        at += size;
    }
    m.nr = pfns.size();
    m.write = write;
    if (pviommu_links_map(&pd_, &state))
        return m;
    m.addr = state.addr;
    for (size_t i = 0; i < pfns.size(); i++)
        check_part(m, i, pfns[i], 1);
    return m;
}

int Device::unmap_list(const Mapping &m)
{
    pviommu_window *w = pviommu_window_of(m.addr);
    unsigned long pages = 0, gaps = 0, flags = 0;
    u64 desc = 0;
    pviommu_batch_begin(&flags);
    if (const u64 *slot = bfn_slot(&w->bfns, m.bfn()))
        gaps = *slot & PVIOMMU_DESC_STRICT && *slot & PVIOMMU_DESC_GAPS;
    pviommu_batch_end(flags);
    if (!gaps)
        return harness_unmap(&pd_, m.addr);
    irqs_off([&] { desc = harness_desc_take(w, m.bfn()); });
    if (!desc)
        return -EIO;
    int err = unmap_parts(m.bfn(), m.parts, pages);
    irqs_off([&] { err = pviommu_unmapped(&pd_, w, m.bfn(), desc, pages, err); });
    return err;
}
