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

/**
 * pviommu_reuse_retire - let the unmap of an idle mapping wait
 * @q: the queue that it goes to
 * @r: its table
 * @idle: its place, which is free afterwards
 *
 * Context: interrupts off, this CPU's batch not in use.
 */
void pviommu_reuse_retire(struct pviommu_queue *q, struct pviommu_reuse *r,
			  struct pviommu_idle *idle)
{
	pviommu_queue_add(q, idle->bfn, idle->run);
	idle->run = 0;
	r->nr--;
}

/**
 * pviommu_reuse_age - retire what has been idle for long
 * @q: the queue that it goes to
 * @r: the table; a dead CPU's, or this one's
 * @before: since when, in jiffies
 *
 * Context: interrupts off.
 * Return: true when the queue is full, and there may be more.
 */
bool pviommu_reuse_age(struct pviommu_queue *q, struct pviommu_reuse *r,
		       unsigned long before)
{
	unsigned int i;

	for (i = 0; r->nr && i < ARRAY_SIZE(r->idle); i++) {
		struct pviommu_idle *idle = &r->idle[i];

		if (!idle->run || time_after(idle->since, before))
			continue;
		if (q->nr == PVIOMMU_QUEUE_SIZE)
			return true;
		pviommu_reuse_retire(q, r, idle);
	}

	return false;
}
