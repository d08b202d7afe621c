/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path: mappings that need nothing from Xen, those of the static map
 * and those that idled. All of it is inline in the DMA operations: called, the
 * saved registers alone would cost a quarter of it.
 */
#ifndef _XEN_PVIOMMU_FAST_H
#define _XEN_PVIOMMU_FAST_H

#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/types.h>

#include "map.h"
#include "probe.h"
#include "reuse.h"
#include "run.h"

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
	return bfn_cookie_take(&w->bfns, bfn);
}

/* Neighbouring pages go to neighbouring sets: a word's low bits are its PFN's. */
static inline struct pviommu_idle *pviommu_reuse_set(struct pviommu_reuse *r,
						     u64 run)
{
	unsigned int set = run & pviommu_reuse_mask;

	return &r->idle[set * PVIOMMU_REUSE_WAYS];
}

/**
 * pviommu_reuse_take - an idle mapping of the same memory, if there is one
 * @w: the window that it has to be in
 * @run: what it has to be
 *
 * A mapping that yielded is none: its unmap waits from now on.
 *
 * Context: interrupts off, this CPU's batch not in use.
 * Return: its first BFN, which is the caller's now, or BFN_NONE.
 */
static inline u64 pviommu_reuse_take(const struct pviommu_window *w, u64 run)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = pviommu_reuse_set(r, run);
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS; i++, idle++) {
		if (idle->run != run)
			continue;
		if (unlikely(pviommu_yielded(w, idle->bfn,
					     pviommu_run_order(run)))) {
			pviommu_reuse_retire(this_cpu_ptr(pviommu_queues), r,
					     idle);
			continue;
		}
		idle->run = 0;
		r->nr--;
		return idle->bfn;
	}

	return BFN_NONE;
}

/**
 * pviommu_reuse_put - let a mapping idle
 * @q: this CPU's queue
 * @bfn: first BFN
 * @run: what it maps
 *
 * Context: interrupts off, this CPU's batch not in use.
 */
static inline void pviommu_reuse_put(struct pviommu_queue *q, u64 bfn, u64 run)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = pviommu_reuse_set(r, run), *place = idle;
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS && place->run; i++)
		if (!idle[i].run || time_before(idle[i].since, place->since))
			place = &idle[i];
	if (unlikely(place->run))
		pviommu_reuse_retire(q, r, place);
	place->run = run;
	place->bfn = bfn;
	place->since = jiffies;
	r->nr++;
	pviommu_queue_arm(q);
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
	if (unlikely(!addr))
		addr = pviommu_static_renew(pd, phys, size);
	pviommu_count_device(pd, addr ? PVIOMMU_STATIC_HITS :
					PVIOMMU_STATIC_MISSES, 1);
	if (likely(addr))
		pviommu_count_device(pd, PVIOMMU_MAPS, 1);

	return addr;
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

	/* Nothing idles in the middle of its run. */
	if (unlikely(!w || nr > PVIOMMU_REUSE_PAGES ||
		     PHYS_PFN(phys) & (align - 1) ||
		     access & (XEN_IOMMUOP_MAP_mmio | PVIOMMU_MAP_STRICT)))
		return 0;
	run = pviommu_run_of(PHYS_PFN(phys), nr, align, access, w);
	local_irq_save(flags);
	bfn = pviommu_reuse_take(w, run);
	if (unlikely(bfn == BFN_NONE)) {
		local_irq_restore(flags);
		pviommu_count_device(pd, PVIOMMU_REUSE_MISSES, 1);
		return 0;
	}
	*bfn_cookie_of(&w->bfns, bfn) = run | pd->owner;
	local_irq_restore(flags);
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	pviommu_count_device(pd, PVIOMMU_REUSE_HITS, 1);

	return PFN_PHYS(bfn) | offset_in_page(phys);
}

/* Let a mapping idle: its word, or 0 if that is not for it; nothing changed. */
static inline u64 pviommu_idle(struct pviommu_device *pd, dma_addr_t addr)
{
	struct pviommu_window *w = pviommu_window_of(addr);
	unsigned long flags;
	u64 *word, run;

	if (unlikely(!w))
		return 0;
	local_irq_save(flags);
	word = bfn_cookie(&w->bfns, PHYS_PFN(addr));
	run = word ? *word : 0;
	/* Once more: with interrupts on, a new mode's drain may have passed. */
	if (likely(READ_ONCE(pd->mode) == PVIOMMU_REUSE) &&
	    likely(pviommu_run_may_idle(run, PVIOMMU_REUSE_PAGES)) &&
	    likely(!pviommu_yielded(w, PHYS_PFN(addr),
				    pviommu_run_order(run)))) {
		*word = 0;
		/* Any device may have it next. */
		run &= ~PVIOMMU_RUN_OWNER;
		pviommu_reuse_put(this_cpu_ptr(pviommu_queues), PHYS_PFN(addr),
				  run);
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	} else {
		run = 0;
	}
	local_irq_restore(flags);

	return run;
}

/*
 * The modes that have a quick way, on which there is no tracepoint: jumps that
 * are not taken would be more than a hundredth of it. While somebody records
 * maps or unmaps both are no mode, and all take the long way (traced.c).
 */
struct pviommu_quick {
	enum pviommu_mode fixed;	/* PVIOMMU_STATIC, or no mode */
	enum pviommu_mode reuse;	/* PVIOMMU_REUSE, or no mode */
};

extern struct pviommu_quick pviommu_quick;

/* The long way. See pviommu_map_new(). */
static inline dma_addr_t pviommu_map_long(struct pviommu_device *pd,
					  phys_addr_t phys, size_t size,
					  u64 limit, u16 access,
					  unsigned long align)
{
	if (trace_pviommu_map_enabled() || trace_pviommu_reuse_hit_enabled())
		return pviommu_map_traced(pd, phys, size, limit, access, align);

	return pviommu_map_new(pd, phys, size, limit, access, align);
}

/* See pviommu_map_new(); but nothing is asked from Xen if that can be spared. */
static inline dma_addr_t pviommu_map(struct pviommu_device *pd,
				     phys_addr_t phys, size_t size, u64 limit,
				     u16 access, unsigned long align)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);
	dma_addr_t addr = 0;

	if (mode == READ_ONCE(pviommu_quick.fixed))
		addr = pviommu_map_static(pd, phys, size, limit, access);
	else if (mode == READ_ONCE(pviommu_quick.reuse))
		addr = pviommu_map_again(pd, phys, size, limit, access, align);
	if (likely(addr))
		return addr;

	return pviommu_map_long(pd, phys, size, limit, access, align);
}

/* See pviommu_unmap_now(). */
static inline int pviommu_unmap(struct pviommu_device *pd, dma_addr_t addr)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);

	if (mode == READ_ONCE(pviommu_quick.fixed) &&
	    likely(pviommu_static_contains(addr))) {
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
		return 0;
	}
	if (mode == READ_ONCE(pviommu_quick.reuse) &&
	    likely(pviommu_idle(pd, addr)))
		return 0;
	if (trace_pviommu_unmap_enabled())
		return pviommu_unmap_traced(pd, addr);

	return pviommu_unmap_now(pd, addr);
}

#endif /* _XEN_PVIOMMU_FAST_H */
