// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting unmaps and idle mappings are taken down by a timer of each CPU, when
 * BFNs are short, on request, and when a CPU is dead.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "queue.h"
#include "params.h"
#include "reuse.h"

static enum cpuhp_state hotplug_state;

/*
 * Take down a piece of the waiting unmaps, and of the mappings that idle since
 * @before or longer. Interrupts are off. Return: whether there is more.
 */
static bool empty_piece(struct pviommu_queue *q, struct pviommu_reuse *r,
			struct pviommu_batch *b, unsigned long before,
			enum pviommu_counter reason)
{
	bool more = pviommu_reuse_age(q, r, before);

	pviommu_queue_flush(q, b, reason);

	return more || q->nr;
}

static bool tick_piece(struct timer_list *t, unsigned long before)
{
	struct pviommu_queue *q;
	struct pviommu_batch *b;
	struct pviommu_reuse *r;
	unsigned long flags;
	bool more = false;

	b = pviommu_batch_begin(&flags);
	q = this_cpu_ptr(pviommu_queues);
	r = this_cpu_ptr(pviommu_reuses);
	/* The timer of a CPU that died may come here: see cpu_dead(). */
	if (t == &q->timer) {
		q->armed = false;
		more = empty_piece(q, r, b, before, PVIOMMU_FLUSH_TIMER);
		if (r->nr && !more)
			pviommu_queue_arm(q);
	}
	pviommu_batch_end(flags);

	return more;
}

static void drain_tick(struct timer_list *t)
{
	unsigned long before = jiffies - msecs_to_jiffies(pviommu_params.reuse_ms);

	while (tick_piece(t, before))
		;
}

static bool relieve_piece(unsigned long before)
{
	struct pviommu_batch *b;
	unsigned long flags;
	bool more;

	b = pviommu_batch_begin(&flags);
	more = empty_piece(this_cpu_ptr(pviommu_queues),
			   this_cpu_ptr(pviommu_reuses), b, before,
			   PVIOMMU_FLUSH_PRESSURE);
	pviommu_batch_end(flags);

	return more;
}

/* BFNs are short: take down waiting unmaps and idle mappings. */
void pviommu_queues_relieve(void)
{
	unsigned long before = jiffies;

	while (relieve_piece(before))
		;
	if (pviommu_high.last)
		bfn_reclaim(&pviommu_high.bfns);
	if (pviommu_low.last)
		bfn_reclaim(&pviommu_low.bfns);
}

struct drain {
	unsigned long before;
	bool more;		/* on some CPU */
};

static void drain_piece(void *info)
{
	struct drain *drain = info;
	unsigned long flags;
	struct pviommu_batch *b = pviommu_batch_begin(&flags);

	if (empty_piece(this_cpu_ptr(pviommu_queues),
			this_cpu_ptr(pviommu_reuses), b, drain->before,
			PVIOMMU_FLUSH_REQUEST))
		WRITE_ONCE(drain->more, true);
	pviommu_batch_end(flags);
}

/**
 * pviommu_queues_drain - take down waiting unmaps and idle mappings of all CPUs
 *
 * A CPU on its way offline has none left either: its cpu_dead() has run.
 *
 * Context: process, not in a hotplug callback.
 */
void pviommu_queues_drain(void)
{
	struct drain drain = { .before = jiffies };

	cpus_read_lock();
	do {
		drain.more = false;
		on_each_cpu(drain_piece, &drain, 1);
	} while (drain.more);
	cpus_read_unlock();
}

/* A CPU is dead: its queue and table are ours. */
static int cpu_dead(unsigned int cpu)
{
	struct pviommu_queue *q = per_cpu_ptr(pviommu_queues, cpu);
	unsigned long flags, before = jiffies;
	struct pviommu_batch *b;
	bool more;

	timer_delete_sync(&q->timer);
	q->armed = true;
	do {
		b = pviommu_batch_begin(&flags);
		more = empty_piece(q, per_cpu_ptr(pviommu_reuses, cpu), b,
				   before, PVIOMMU_FLUSH_REQUEST);
		pviommu_batch_end(flags);
	} while (more);
	q->armed = false;
	local_irq_save(flags);
	if (pviommu_high.last)
		bfn_cpu_dead(&pviommu_high.bfns, cpu);
	if (pviommu_low.last)
		bfn_cpu_dead(&pviommu_low.bfns, cpu);
	local_irq_restore(flags);

	return 0;
}

int pviommu_queues_init(void)
{
	int cpu, state;

	pviommu_params.wait_ms = clamp(pviommu_params.wait_ms, 1U, 1000U);
	state = pviommu_reuse_init();
	if (state)
		return state;
	pviommu_queues = alloc_percpu(struct pviommu_queue);
	if (!pviommu_queues) {
		pviommu_reuse_exit();
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		timer_setup(&per_cpu_ptr(pviommu_queues, cpu)->timer, drain_tick,
			    TIMER_PINNED);
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					  "xen/pviommu:dead", NULL, cpu_dead);
	if (state < 0) {
		free_percpu(pviommu_queues);
		pviommu_reuse_exit();
		return state;
	}
	hotplug_state = state;

	return 0;
}

/* No device is ours any more, and no unmap is added. */
void pviommu_queues_exit(void)
{
	int cpu;

	pviommu_queues_drain();
	cpuhp_remove_state_nocalls(hotplug_state);
	for_each_possible_cpu(cpu)
		timer_delete_sync(&per_cpu_ptr(pviommu_queues, cpu)->timer);
	free_percpu(pviommu_queues);
	pviommu_reuse_exit();
}
