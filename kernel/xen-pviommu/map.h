/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _XEN_PVIOMMU_MAP_H
#define _XEN_PVIOMMU_MAP_H

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/types.h>

#include "batch.h"
#include "device.h"
#include "reuse.h"
#include "run.h"
#include "static.h"
#include "window.h"

/* What the device is to be able to do, from the DMA API's direction. */
static inline u16 pviommu_access(enum dma_data_direction dir)
{
	if (dir == DMA_TO_DEVICE)
		return XEN_IOMMUOP_MAP_read;

	return XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write;
}

static inline bool pviommu_static_serves(const struct pviommu_device *pd,
					 u64 limit)
{
	return READ_ONCE(pd->mode) == PVIOMMU_STATIC &&
	       limit >= pviommu_static.last;
}

/* The address in the static map, or 0. */
static inline dma_addr_t pviommu_map_static(struct pviommu_device *pd,
					    phys_addr_t phys, size_t size,
					    u64 limit, u16 access)
{
	dma_addr_t addr;

	if (limit < pviommu_static.last || access & XEN_IOMMUOP_MAP_mmio)
		return 0;
	addr = pviommu_static_addr(phys, size);
	pviommu_count_device(pd, addr ? PVIOMMU_STATIC_HITS :
					PVIOMMU_STATIC_MISSES, 1);
	if (likely(addr))
		pviommu_count_device(pd, PVIOMMU_MAPS, 1);

	return addr;
}

/*
 * Beside XEN_IOMMUOP_MAP_*, and not for Xen: the caller frees the memory when
 * the unmap returns, and may not count on its pages being held.
 */
#define PVIOMMU_MAP_STRICT	BIT(15)

/* A run of BFNs, from where it is taken until Xen has been asked. */
struct pviommu_place {
	struct pviommu_window *w;
	u64 bfn;		/* first one that is used */
	unsigned int order;	/* of the whole run, which is aligned to it */
};

static inline u64 pviommu_run_start(u64 bfn, unsigned int order)
{
	return bfn & ~(BIT_ULL(order) - 1);
}

/* map.c */
bool pviommu_place(struct pviommu_device *pd, struct pviommu_batch *b,
		   u64 limit, unsigned long nr, unsigned long align,
		   unsigned long offset, struct pviommu_place *place);
int pviommu_batch_pages(struct pviommu_batch *b, u64 bfn, unsigned long pfn,
			unsigned long nr, u16 access);
void pviommu_mapped(struct pviommu_device *pd, const struct pviommu_place *p,
		    u64 run, unsigned long pages);
void pviommu_map_failed(struct pviommu_device *pd,
			const struct pviommu_place *p, unsigned long nr,
			int error, bool unclean);
int pviommu_not_mapped(struct pviommu_device *pd, u64 bfn);
int pviommu_unmapped(struct pviommu_device *pd, struct pviommu_window *w,
		     u64 bfn, u64 run, unsigned long pages, int error);
dma_addr_t pviommu_map_new(struct pviommu_device *pd, phys_addr_t phys,
			   size_t size, u64 limit, u16 access,
			   unsigned long align);
int pviommu_unmap_now(struct pviommu_device *pd, dma_addr_t addr);

/* The least order of a run of @nr BFNs that begins at @offset modulo @align. */
static inline unsigned int pviommu_order(unsigned long nr, unsigned long align,
					 unsigned long offset)
{
	unsigned long span = max((offset & (align - 1)) + nr, align);

	return span > 1 ? ilog2(span - 1) + 1 : 0;
}

/* What the memory at @pfn will be in the word of its run, if it may wait. */
static inline u64 pviommu_run_of(unsigned long pfn, unsigned long nr,
				 unsigned long align, u16 access,
				 const struct pviommu_window *w)
{
	u64 run = pviommu_run(pfn, nr, pviommu_order(nr, align, pfn), 0);

	if (access & XEN_IOMMUOP_MAP_write)
		run |= PVIOMMU_RUN_WRITE;
	if (unlikely(w == &pviommu_low))
		run |= PVIOMMU_RUN_LOW;

	return run;
}

/**
 * pviommu_run_take - what a driver's mapping is; from now on it is not his
 * @w: the window
 * @bfn: the first BFN
 *
 * Context: interrupts off.
 * Return: its word, or 0 when the driver has no such mapping.
 */
static inline u64 pviommu_run_take(struct pviommu_window *w, u64 bfn)
{
	u64 *word = bfn_cookie(&w->bfns, bfn), run = word ? *word : 0;

	if (likely(run))
		*word = 0;

	return run;
}

/*
 * Hold the page of a run, so that it stays what it is while its unmap waits.
 * All of the run must be of one page, in the sense of the memory management.
 */
static inline struct page *pviommu_hold(u64 run)
{
	unsigned long pfn = pviommu_run_pfn(run), nr = pviommu_run_nr(run);
	struct page *page = pfn_to_page(pfn), *head = compound_head(page);

	if (unlikely(nr > 1) &&
	    pfn + nr > page_to_pfn(head) + compound_nr(head))
		return NULL;
	if (unlikely(is_zone_device_page(page)) || !get_page_unless_zero(head))
		return NULL;

	return page;
}

/* The address of an idle mapping of the same memory, or 0. */
static inline dma_addr_t pviommu_map_again(struct pviommu_device *pd,
					   phys_addr_t phys, size_t size,
					   u64 limit, u16 access,
					   unsigned long align)
{
	unsigned long nr = PFN_UP(offset_in_page(phys) + size);
	struct pviommu_window *w = pviommu_window_under(limit);
	unsigned long flags;
	u64 run, bfn;

	if (unlikely(!w || nr > PVIOMMU_REUSE_PAGES ||
		     access & (XEN_IOMMUOP_MAP_mmio | PVIOMMU_MAP_STRICT)))
		return 0;
	run = pviommu_run_of(PHYS_PFN(phys), nr, align, access, w);
	local_irq_save(flags);
	bfn = pviommu_reuse_take(run);
	if (unlikely(bfn == BFN_NONE)) {
		local_irq_restore(flags);
		pviommu_count_device(pd, PVIOMMU_REUSE_MISSES, 1);
		return 0;
	}
	*bfn_cookie(&w->bfns, bfn) = run;
	local_irq_restore(flags);
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	pviommu_count_device(pd, PVIOMMU_REUSE_HITS, 1);

	return PFN_PHYS(bfn) | offset_in_page(phys);
}

/* Let a mapping idle; false: that is not for it, and nothing was changed. */
static inline bool pviommu_idle(struct pviommu_device *pd, dma_addr_t addr)
{
	struct pviommu_window *w = pviommu_window_of(addr);
	bool idles = false;
	unsigned long flags;
	u64 *word, run;

	if (unlikely(!w))
		return false;
	local_irq_save(flags);
	word = bfn_cookie(&w->bfns, PHYS_PFN(addr));
	run = word ? *word : PVIOMMU_RUN_STRICT;
	if (likely(run && !(run & PVIOMMU_RUN_STRICT) &&
		   pviommu_run_nr(run) <= PVIOMMU_REUSE_PAGES) &&
	    likely(pviommu_hold(run))) {
		*word = 0;
		pviommu_reuse_put(this_cpu_ptr(pviommu_queues), PHYS_PFN(addr),
				  run);
		idles = true;
	}
	local_irq_restore(flags);
	if (likely(idles))
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);

	return idles;
}

/* See pviommu_map_new(); but nothing is asked from Xen if that can be spared. */
static inline dma_addr_t pviommu_map(struct pviommu_device *pd,
				     phys_addr_t phys, size_t size, u64 limit,
				     u16 access, unsigned long align)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);
	dma_addr_t addr = 0;

	if (mode == PVIOMMU_REUSE)
		addr = pviommu_map_again(pd, phys, size, limit, access, align);
	else if (mode == PVIOMMU_STATIC)
		addr = pviommu_map_static(pd, phys, size, limit, access);
	if (likely(addr))
		return addr;

	return pviommu_map_new(pd, phys, size, limit, access, align);
}

/* See pviommu_unmap_now(). */
static inline int pviommu_unmap(struct pviommu_device *pd, dma_addr_t addr)
{
	if (READ_ONCE(pd->mode) == PVIOMMU_REUSE && pviommu_idle(pd, addr))
		return 0;

	return pviommu_unmap_now(pd, addr);
}

#endif /* _XEN_PVIOMMU_MAP_H */
