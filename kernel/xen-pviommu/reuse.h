/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mode reuse: a mapping stays idle for a while after the driver's unmap. A map
 * of the same memory in the same way then costs no hypercall: drivers that
 * recycle their buffers map so. An idle mapping holds no page: Linux may free
 * the page, and give the page to the same driver again.
 */
#ifndef _XEN_PVIOMMU_REUSE_H
#define _XEN_PVIOMMU_REUSE_H

#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/pfn.h>
#include <linux/types.h>

#include "map.h"
#include "queue.h"
#include "desc.h"

/* A table a CPU: 1024 idle mappings in 24 KiB. Tests have small ones. */
#ifndef PVIOMMU_REUSE_SETS
#define PVIOMMU_REUSE_SETS	256
#endif
#define PVIOMMU_REUSE_WAYS	4

/* A look at all sets is one piece of work with interrupts off. */
#define PVIOMMU_REUSE_MAX_SETS	2048U

/* Limit of the pages of an idle mapping. */
#define PVIOMMU_REUSE_PAGES	16

/* Sets of a table less one; they are a power of two. */
extern unsigned int pviommu_reuse_mask __read_mostly;

struct pviommu_idle {
	u64 desc;		/* 0: the way is free */
	u64 bfn;
	unsigned long since;	/* jiffies */
};

struct pviommu_reuse {
	unsigned int nr;
	struct pviommu_idle *idle;	/* PVIOMMU_REUSE_WAYS a set */
};

extern struct pviommu_reuse __percpu *pviommu_reuses;

/* reuse.c */
int pviommu_reuse_init(void);
void pviommu_reuse_exit(void);
void pviommu_reuse_retire(struct pviommu_queue *q, struct pviommu_reuse *r,
			  struct pviommu_idle *idle);
bool pviommu_reuse_age(struct pviommu_queue *q, struct pviommu_reuse *r,
		       unsigned long before);

/* Neighbours go to neighbouring sets: a descriptor's low bits are its PFN's. */
static inline struct pviommu_idle *pviommu_reuse_set(struct pviommu_reuse *r,
						     u64 desc)
{
	unsigned int set = desc & pviommu_reuse_mask;

	return &r->idle[set * PVIOMMU_REUSE_WAYS];
}

/**
 * pviommu_reuse_take - take an idle mapping of the same memory
 * @w: the window of the mapping
 * @desc: the descriptor of the mapping
 *
 * A mapping that yielded is not taken: its unmap waits from now on.
 *
 * Context: interrupts off, this CPU's batch not in use.
 * Return: the mapping's first BFN, now the caller's, or BFN_NONE.
 */
static inline u64 pviommu_reuse_take(const struct pviommu_window *w, u64 desc)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = pviommu_reuse_set(r, desc);
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS; i++, idle++) {
		if (idle->desc != desc)
			continue;
		if (unlikely(pviommu_yielded(w, idle->bfn,
					     pviommu_desc_order(desc)))) {
			pviommu_reuse_retire(this_cpu_ptr(pviommu_queues), r,
					     idle);
			continue;
		}
		idle->desc = 0;
		r->nr--;
		return idle->bfn;
	}

	return BFN_NONE;
}

/**
 * pviommu_reuse_put - let a mapping idle
 * @q: this CPU's queue
 * @bfn: first BFN
 * @desc: its descriptor
 *
 * Context: interrupts off, this CPU's batch not in use.
 */
static inline void pviommu_reuse_put(struct pviommu_queue *q, u64 bfn, u64 desc)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = pviommu_reuse_set(r, desc), *way = idle;
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS && way->desc; i++)
		if (!idle[i].desc || time_before(idle[i].since, way->since))
			way = &idle[i];
	if (unlikely(way->desc))
		pviommu_reuse_retire(q, r, way);
	way->desc = desc;
	way->bfn = bfn;
	way->since = jiffies;
	r->nr++;
	pviommu_queue_arm(q);
}

/* The address of an idle mapping of the same memory, or 0. */
static inline dma_addr_t pviommu_reuse_map(struct pviommu_device *pd,
					   phys_addr_t phys, size_t size,
					   u64 limit, u16 access,
					   unsigned long align)
{
	unsigned long nr = PFN_UP(offset_in_page(phys) + size);
	struct pviommu_window *w = pviommu_window_under(limit);
	unsigned long flags;
	u64 desc, bfn;

	/* Nothing idles in the middle of its run. */
	if (unlikely(!w || nr > PVIOMMU_REUSE_PAGES ||
		     PHYS_PFN(phys) & (align - 1) ||
		     access & (XEN_IOMMUOP_MAP_mmio | PVIOMMU_MAP_STRICT)))
		return 0;
	desc = pviommu_desc_of(PHYS_PFN(phys), nr, align, access, w);
	local_irq_save(flags);
	bfn = pviommu_reuse_take(w, desc);
	if (unlikely(bfn == BFN_NONE)) {
		local_irq_restore(flags);
		pviommu_count_device(pd, PVIOMMU_REUSE_MISSES, 1);
		return 0;
	}
	*bfn_slot_of(&w->bfns, bfn) = desc | pd->owner;
	local_irq_restore(flags);
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	pviommu_count_device(pd, PVIOMMU_REUSE_HITS, 1);

	return PFN_PHYS(bfn) | offset_in_page(phys);
}

/* Let a mapping idle. Return: its descriptor; or 0, and nothing changed. */
static inline u64 pviommu_reuse_unmap(struct pviommu_device *pd, dma_addr_t addr)
{
	struct pviommu_window *w = pviommu_window_of(addr);
	unsigned long flags;
	u64 *slot, desc;

	if (unlikely(!w))
		return 0;
	local_irq_save(flags);
	slot = bfn_slot(&w->bfns, PHYS_PFN(addr));
	desc = slot ? *slot : 0;
	/* Once more: with interrupts on, a new mode's drain may have passed. */
	if (likely(READ_ONCE(pd->mode) == PVIOMMU_REUSE) &&
	    likely(pviommu_desc_may_idle(desc, PVIOMMU_REUSE_PAGES)) &&
	    likely(!pviommu_yielded(w, PHYS_PFN(addr),
				    pviommu_desc_order(desc)))) {
		*slot = 0;
		/* Any device may take the mapping next. */
		desc &= ~PVIOMMU_DESC_OWNER;
		pviommu_reuse_put(this_cpu_ptr(pviommu_queues), PHYS_PFN(addr),
				  desc);
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	} else {
		desc = 0;
	}
	local_irq_restore(flags);

	return desc;
}

#endif /* _XEN_PVIOMMU_REUSE_H */
