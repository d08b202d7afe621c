// SPDX-License-Identifier: GPL-2.0
/*
 * Idle mappings: a small set-associative table a CPU, used with interrupts off.
 * One that is not taken again goes to the queue of unmaps: when its place is
 * needed, or when it has been idle for a period of the queue's timer.
 *
 * Its page is held, so that it is still the page that was mapped.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/mm.h>

#include "reuse.h"
#include "run.h"

struct pviommu_reuse __percpu *pviommu_reuses;

int pviommu_reuse_init(void)
{
	pviommu_reuses = alloc_percpu(struct pviommu_reuse);

	return pviommu_reuses ? 0 : -ENOMEM;
}

void pviommu_reuse_exit(void)
{
	free_percpu(pviommu_reuses);
}

/* Neighbouring pages go to neighbouring sets. */
static struct pviommu_idle *set_of(struct pviommu_reuse *r, u64 run)
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
u64 pviommu_reuse_take(u64 run)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = set_of(r, run);
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS; i++) {
		if (idle[i].run != run)
			continue;
		idle[i].run = 0;
		r->nr--;
		put_page(pfn_to_page(pviommu_run_pfn(run)));
		return idle[i].bfn;
	}

	return BFN_NONE;
}

static void retire(struct pviommu_queue *q, struct pviommu_reuse *r,
		   struct pviommu_batch *b, struct pviommu_idle *idle)
{
	pviommu_queue_add(q, b, &(struct pviommu_waiting){
		.w = pviommu_window_of(PFN_PHYS(idle->bfn)),
		.page = pfn_to_page(pviommu_run_pfn(idle->run)),
		.bfn = idle->bfn,
		.nr = pviommu_run_nr(idle->run),
		.order = pviommu_run_order(idle->run),
	});
	idle->run = 0;
	r->nr--;
}

/**
 * pviommu_reuse_put - let a mapping idle
 * @q: this CPU's queue
 * @b: this CPU's batch, empty
 * @bfn: first BFN
 * @run: what it maps; its page is held
 *
 * Context: interrupts off.
 */
void pviommu_reuse_put(struct pviommu_queue *q, struct pviommu_batch *b,
		       u64 bfn, u64 run)
{
	struct pviommu_reuse *r = this_cpu_ptr(pviommu_reuses);
	struct pviommu_idle *idle = set_of(r, run), *place = idle;
	unsigned int i;

	for (i = 0; i < PVIOMMU_REUSE_WAYS; i++) {
		if (!idle[i].run) {
			place = &idle[i];
			break;
		}
		if (time_before(idle[i].since, place->since))
			place = &idle[i];
	}
	if (place->run)
		retire(q, r, b, place);
	*place = (struct pviommu_idle){
		.run = run,
		.bfn = bfn,
		.since = jiffies,
	};
	r->nr++;
	pviommu_queue_arm(q);
}

/**
 * pviommu_reuse_age - retire what has been idle for long
 * @q: the queue that it goes to
 * @r: the table; a dead CPU's, or this one's
 * @b: this CPU's batch, empty
 * @ticks: how long, in jiffies; 0 is all
 *
 * Context: interrupts off.
 */
void pviommu_reuse_age(struct pviommu_queue *q, struct pviommu_reuse *r,
		       struct pviommu_batch *b, unsigned long ticks)
{
	unsigned long before = jiffies - ticks;
	unsigned int i;

	for (i = 0; r->nr && i < ARRAY_SIZE(r->idle); i++) {
		struct pviommu_idle *idle = &r->idle[i];

		if (idle->run && time_before_eq(idle->since, before))
			retire(q, r, b, idle);
	}
}
