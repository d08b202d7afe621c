/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mode reuse: a mapping whose driver is done with it stays for a while, idle.
 * If the same memory is mapped in the same way meanwhile, as drivers that
 * recycle their buffers do, that costs no hypercall.
 */
#ifndef _XEN_PVIOMMU_REUSE_H
#define _XEN_PVIOMMU_REUSE_H

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "queue.h"
#include "run.h"

/* A table a CPU, 24 KiB, of 1024 idle mappings. Tests have small ones. */
#ifndef PVIOMMU_REUSE_SETS
#define PVIOMMU_REUSE_SETS	256
#endif
#define PVIOMMU_REUSE_WAYS	4

/* Pages of a mapping that is worth it; they stay in use that long. */
#define PVIOMMU_REUSE_PAGES	16

struct pviommu_idle {
	u64 run;		/* 0: the place is free */
	u64 bfn;
	unsigned long since;	/* jiffies */
};

struct pviommu_reuse {
	unsigned int nr;
	struct pviommu_idle idle[PVIOMMU_REUSE_SETS * PVIOMMU_REUSE_WAYS];
};

extern struct pviommu_reuse __percpu *pviommu_reuses;

/* reuse.c */
int pviommu_reuse_init(void);
void pviommu_reuse_exit(void);
void pviommu_reuse_retire(struct pviommu_queue *q, struct pviommu_reuse *r,
			  struct pviommu_batch *b, struct pviommu_idle *idle);
void pviommu_reuse_age(struct pviommu_queue *q, struct pviommu_reuse *r,
		       struct pviommu_batch *b, unsigned long ticks);

/* Neighbouring pages go to neighbouring sets. */
static inline struct pviommu_idle *pviommu_reuse_set(struct pviommu_reuse *r,
						     u64 run)
{
	unsigned long pfn = pviommu_run_pfn(run);
	unsigned int set = (pfn ^ pfn / PVIOMMU_REUSE_SETS) %
			   PVIOMMU_REUSE_SETS;

	return &r->idle[set * PVIOMMU_REUSE_WAYS];
}

/**
 * pviommu_reuse_take - an idle mapping of the same memory, if there is one
 * @run: what it has to be
 *
 * Context: interrupts off.
 * Return: its first BFN, which is the caller's now, or BFN_NONE.
 */
static inline u64 pviommu_reuse_take(u64 run)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = pviommu_reuse_set(r, run);
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS; i++, idle++) {
		if (idle->run != run)
			continue;
		idle->run = 0;
		r->nr--;
		put_page(pfn_to_page(pviommu_run_pfn(run)));
		return idle->bfn;
	}

	return BFN_NONE;
}

/**
 * pviommu_reuse_put - let a mapping idle
 * @q: this CPU's queue
 * @bfn: first BFN
 * @run: what it maps; its page is held
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
		pviommu_reuse_retire(q, r, pviommu_batch_here(), place);
	place->run = run;
	place->bfn = bfn;
	place->since = jiffies;
	r->nr++;
	pviommu_queue_arm(q);
}

#endif /* _XEN_PVIOMMU_REUSE_H */
