// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of unmaps of each CPU. Only that CPU touches it, with interrupts
 * off; that of a dead CPU is another's, who holds the hotplug lock (drain.c).
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "counters.h"
#include "params.h"
#include "probe.h"
#include "queue.h"

struct pviommu_queue __percpu *pviommu_queues;

/* Make it part of the unmap that was added last, if that is its neighbour. */
static inline bool merge(struct xen_iommu_op_range *last, u64 bfn, u64 nr,
			 u64 most)
{
	if (bfn + nr != last->bfn || last->nr + nr > most)
		return pviommu_range_extend(last, bfn, nr, most);
	last->bfn = bfn;
	last->nr += nr;

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
void pviommu_queue_flush(struct pviommu_queue *q, struct pviommu_batch *b,
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
	mod_timer(&q->timer, jiffies + msecs_to_jiffies(pviommu_params.wait_ms));
}

/* The queue is full. See pviommu_queue_add(). */
void pviommu_queue_make_room(struct pviommu_queue *q)
{
	pviommu_queue_flush(q, pviommu_batch_here(), PVIOMMU_FLUSH_FULL);
}
