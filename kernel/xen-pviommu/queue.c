// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of unmaps of each CPU. Only that CPU touches it, with interrupts
 * off; that of a dead CPU is another's, who holds the hotplug lock.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "counters.h"
#include "probe.h"
#include "queue.h"
#include "reuse.h"

struct pviommu_queue __percpu *pviommu_queues;

unsigned int pviommu_wait_ms __read_mostly = 10;
module_param_named(wait_ms, pviommu_wait_ms, uint, 0444);
MODULE_PARM_DESC(wait_ms, "how long an unmap may wait, 1 to 1000 (default: 10)");

static enum cpuhp_state hotplug_state;

/* Make it part of the unmap that was added last, if that is its neighbour. */
static inline bool merge(struct xen_iommu_op_range *last, u64 bfn, u64 nr,
			 u64 most)
{
	u64 both = last->nr + nr;

	if (both > most)
		return false;
	if (bfn + nr == last->bfn)
		last->bfn = bfn;
	else if (last->bfn + last->nr != bfn)
		return false;
	last->nr = both;

	return true;
}

/**
 * pviommu_queue_ride - add what waits to a batch that is about to leave
 * @q: the queue
 * @b: this CPU's batch; its own ops are complete, and it has no riders
 *
 * A piece at most: see PVIOMMU_PIECE.
 */
void pviommu_queue_ride(struct pviommu_queue *q, struct pviommu_batch *b)
{
	struct xen_iommu_op_range *last = NULL;
	u64 room = pviommu_xen.piece;	/* for the last op, and those behind */

	for (; q->sent < q->nr; q->sent++) {
		struct pviommu_waiting *e = &q->entry[q->sent];
		u64 nr = pviommu_run_nr(e->run);

		if (!last || !merge(last, e->bfn, nr, room)) {
			room -= last ? last->nr : 0;
			if (nr > room ||
			    b->nr + b->riders == pviommu_xen.max_ops)
				return;
			last = pviommu_batch_put_rider(b, e->bfn, nr);
		}
		e->op = b->riders - 1;
	}
}

/*
 * The hypercall says of the run that no device reaches it, or that one may.
 * Return: its pages, or 0.
 */
static unsigned long settle(const struct pviommu_waiting *e, int status)
{
	struct pviommu_window *w = e->run & PVIOMMU_RUN_LOW ? &pviommu_low :
							      &pviommu_high;
	unsigned int order = pviommu_run_order(e->run);
	unsigned long nr = pviommu_run_nr(e->run);

	if (unlikely(status)) {
		/* The BFNs are never used again. */
		pviommu_count(PVIOMMU_LEAKED, nr);
		pr_err_ratelimited("unmap of BFN %#llx+%lu failed: error %d\n",
				   e->bfn, nr, status);
		return 0;
	}
	if (unlikely(pviommu_yielded(w, e->bfn, order)))
		pviommu_yielded_clear(w, e->bfn, order);
	/* What is not at the start of its run does not wait. */
	bfn_free(&w->bfns, e->bfn, order);

	return nr;
}

/**
 * pviommu_queue_landed - settle what left with the batch that was submitted
 * @q: the queue
 * @b: the batch
 *
 * The last one first: so that the allocator hands them out in the order in
 * which they were mapped, and neighbours are neighbours again.
 */
void pviommu_queue_landed(struct pviommu_queue *q, struct pviommu_batch *b)
{
	const struct xen_iommu_op *rider = b->ops + b->nr;
	unsigned long pages = 0;
	unsigned int i = q->sent;

	while (i--) {
		pages += settle(&q->entry[i], rider[q->entry[i].op].status);
		q->weight -= pviommu_queue_weight(q->entry[i].run);
	}
	pviommu_count(PVIOMMU_PAGES_UNMAPPED, pages);
	q->nr -= q->sent;
	memmove(q->entry, q->entry + q->sent, q->nr * sizeof(*q->entry));
	q->sent = 0;
	b->riders = 0;
}

/* Let leave what one hypercall takes; it is all, but of long runs. */
static void flush(struct pviommu_queue *q, struct pviommu_batch *b,
		  enum pviommu_counter reason)
{
	if (!q->nr)
		return;
	pviommu_queue_ride(q, b);
	pviommu_count_flush(reason, q->sent);
	pviommu_batch_submit(b);
	pviommu_queue_landed(q, b);
}

void pviommu_queue_start_timer(struct pviommu_queue *q)
{
	q->armed = true;
	mod_timer(&q->timer, jiffies + msecs_to_jiffies(pviommu_wait_ms));
}

/* The queue is full. See pviommu_queue_add(). */
void pviommu_queue_make_room(struct pviommu_queue *q)
{
	flush(q, pviommu_batch_here(), PVIOMMU_FLUSH_FULL);
}

/*
 * Take down a piece of what waits, and of what idles since @before or longer.
 * Interrupts are off. Return: whether there is more.
 */
static bool empty_piece(struct pviommu_queue *q, struct pviommu_reuse *r,
			struct pviommu_batch *b, unsigned long before,
			enum pviommu_counter reason)
{
	bool more = pviommu_reuse_age(q, r, before);

	flush(q, b, reason);

	return more || q->nr;
}

static bool tick_piece(struct timer_list *t, unsigned long before)
{
	struct pviommu_queue *q;
	struct pviommu_batch *b;
	struct pviommu_reuse *r;
	unsigned long flags;
	bool more = false;

	b = pviommu_batch_get(&flags);
	q = this_cpu_ptr(pviommu_queues);
	r = this_cpu_ptr(pviommu_reuses);
	/* The timer of a CPU that died may come here: see cpu_dead(). */
	if (t == &q->timer) {
		q->armed = false;
		more = empty_piece(q, r, b, before, PVIOMMU_FLUSH_TIMER);
		if (r->nr && !more)
			pviommu_queue_arm(q);
	}
	pviommu_batch_put(flags);

	return more;
}

static void tick(struct timer_list *t)
{
	unsigned long before = jiffies - msecs_to_jiffies(pviommu_reuse_ms);

	while (tick_piece(t, before))
		;
}

static bool relieve_piece(unsigned long before)
{
	struct pviommu_batch *b;
	unsigned long flags;
	bool more;

	b = pviommu_batch_get(&flags);
	more = empty_piece(this_cpu_ptr(pviommu_queues),
			   this_cpu_ptr(pviommu_reuses), b, before,
			   PVIOMMU_FLUSH_PRESSURE);
	pviommu_batch_put(flags);

	return more;
}

/* BFNs are short: take down what need not be mapped. */
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
	struct pviommu_batch *b = pviommu_batch_get(&flags);

	if (empty_piece(this_cpu_ptr(pviommu_queues),
			this_cpu_ptr(pviommu_reuses), b, drain->before,
			PVIOMMU_FLUSH_REQUEST))
		WRITE_ONCE(drain->more, true);
	pviommu_batch_put(flags);
}

/**
 * pviommu_queues_drain - take down all that waits or idles, on all CPUs
 *
 * Neither a CPU that is offline but not dead yet has anything then: its
 * cpu_dead() has run.
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

/* A CPU is dead: what it left is ours. */
static int cpu_dead(unsigned int cpu)
{
	struct pviommu_queue *q = per_cpu_ptr(pviommu_queues, cpu);
	unsigned long flags, before = jiffies;
	struct pviommu_batch *b;
	bool more;

	del_timer_sync(&q->timer);
	q->armed = true;
	do {
		b = pviommu_batch_get(&flags);
		more = empty_piece(q, per_cpu_ptr(pviommu_reuses, cpu), b,
				   before, PVIOMMU_FLUSH_REQUEST);
		pviommu_batch_put(flags);
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

	pviommu_wait_ms = clamp(pviommu_wait_ms, 1U, 1000U);
	state = pviommu_reuse_init();
	if (state)
		return state;
	pviommu_queues = alloc_percpu(struct pviommu_queue);
	if (!pviommu_queues) {
		pviommu_reuse_exit();
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		timer_setup(&per_cpu_ptr(pviommu_queues, cpu)->timer, tick,
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

/* No device is ours any more, so that nothing is added. */
void pviommu_queues_exit(void)
{
	int cpu;

	pviommu_queues_drain();
	cpuhp_remove_state_nocalls(hotplug_state);
	for_each_possible_cpu(cpu)
		del_timer_sync(&per_cpu_ptr(pviommu_queues, cpu)->timer);
	free_percpu(pviommu_queues);
	pviommu_reuse_exit();
}
