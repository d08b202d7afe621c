// SPDX-License-Identifier: GPL-2.0-only
/*
 * Idle mappings: a small set-associative table a CPU, used with interrupts off.
 * A mapping goes on to the queue of unmaps when its way is needed, or when
 * the mapping has been idle for long.
 *
 * If the frame of its page has changed meanwhile, behind the same PFN or not,
 * the mapping has yielded, and is not taken again: see watch.h.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "params.h"
#include "reuse.h"
#include "desc.h"

struct pviommu_reuse __percpu *pviommu_reuses;

unsigned int pviommu_reuse_mask __read_mostly;

int pviommu_reuse_init(void)
{
	struct pviommu_params *p = &pviommu_params;
	struct pviommu_reuse *r;
	int cpu;

	p->reuse_ms = clamp(p->reuse_ms, 1U, 10000U);
	p->reuse_sets = clamp(p->reuse_sets, 1U, PVIOMMU_REUSE_MAX_SETS);
	p->reuse_sets = rounddown_pow_of_two(p->reuse_sets);
	pviommu_reuse_mask = p->reuse_sets - 1;
	pviommu_reuses = alloc_percpu(struct pviommu_reuse);
	if (!pviommu_reuses)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		r = per_cpu_ptr(pviommu_reuses, cpu);
		r->idle = kvcalloc(p->reuse_sets * PVIOMMU_REUSE_WAYS,
				   sizeof(*r->idle), GFP_KERNEL);
		if (!r->idle) {
			pviommu_reuse_exit();
			return -ENOMEM;
		}
	}

	return 0;
}

void pviommu_reuse_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		kvfree(per_cpu_ptr(pviommu_reuses, cpu)->idle);
	free_percpu(pviommu_reuses);
}

/**
 * pviommu_reuse_retire - let the unmap of an idle mapping wait
 * @q: the queue for the unmap
 * @r: the mapping's table
 * @idle: the mapping's way, free afterwards
 *
 * Context: interrupts off, this CPU's batch not in use.
 */
void pviommu_reuse_retire(struct pviommu_queue *q, struct pviommu_reuse *r,
			  struct pviommu_idle *idle)
{
	pviommu_queue_add(q, idle->bfn, idle->desc);
	idle->desc = 0;
	r->nr--;
}

/**
 * pviommu_reuse_age - retire mappings that have been idle for long
 * @q: the queue for the unmaps
 * @r: the table; a dead CPU's, or this one's
 * @before: since when, in jiffies
 *
 * Context: interrupts off.
 * Return: true when the queue is full, and there may be more to retire.
 */
bool pviommu_reuse_age(struct pviommu_queue *q, struct pviommu_reuse *r,
		       unsigned long before)
{
	struct pviommu_idle *idle = r->idle, *end;

	end = idle + pviommu_params.reuse_sets * PVIOMMU_REUSE_WAYS;
	for (; r->nr && idle < end; idle++) {
		if (!idle->desc || time_after(idle->since, before))
			continue;
		if (q->nr == PVIOMMU_QUEUE_SIZE)
			return true;
		pviommu_reuse_retire(q, r, idle);
	}

	return false;
}
