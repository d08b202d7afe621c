// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of unmaps of each CPU. Only its CPU touches a queue, with
 * interrupts off. The queue of a dead CPU belongs to the holder of the hotplug
 * lock (drain.c).
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

/* Make the run part of the last unmap, if the two are neighbours. */
static inline bool queue_merge(struct xen_iommu_op_range *last, u64 bfn, u64 nr,
			       u64 most)
{
	if (bfn + nr != last->bfn || last->nr + nr > most)
		return pviommu_range_extend(last, bfn, nr, most);
	last->bfn = bfn;
	last->nr += nr;

	return true;
}

/**
 * pviommu_queue_ride - add waiting unmaps to a batch that is about to leave
 * @q: the queue
 * @b: this CPU's batch; its own ops are complete, and no rider is in the batch
 *
 * A piece at most: see PVIOMMU_PIECE.
 */
void pviommu_queue_ride(struct pviommu_queue *q, struct pviommu_batch *b)
{
	struct xen_iommu_op_range *last = NULL;
	u64 room = pviommu_xen.piece;	/* for the last op and later ops */

	for (; q->sent < q->nr; q->sent++) {
		struct pviommu_waiting *e = &q->entry[q->sent];
		u64 nr = pviommu_desc_nr(e->desc);

		if (!last || !queue_merge(last, e->bfn, nr, room)) {
			room -= last ? last->nr : 0;
			if (nr > room ||
			    b->nr + b->riders == pviommu_xen.max_ops)
				return;
			last = pviommu_batch_append_rider(b, e->bfn, nr);
		}
		e->op = b->riders - 1;
	}
}

/*
 * By its status, no device reaches the run any more, or a device still may.
 * Return: the run's pages, or 0.
 */
static unsigned long queue_settle(const struct pviommu_waiting *e, int status)
{
	struct pviommu_window *w = e->desc & PVIOMMU_DESC_LOW ? &pviommu_low :
							      &pviommu_high;
	unsigned int order = pviommu_desc_order(e->desc);
	unsigned long nr = pviommu_desc_nr(e->desc);

	if (unlikely(status)) {
		/* The BFNs are never used again. */
		pviommu_count(PVIOMMU_LEAKED, nr);
		pr_err_ratelimited("unmap of BFN %#llx+%lu failed: error %d\n",
				   e->bfn, nr, status);
		return 0;
	}
	if (unlikely(pviommu_yielded(w, e->bfn, order)))
		pviommu_yielded_clear(w, e->bfn, order);
	/* A mapping that is not at the start of its run never waits. */
	bfn_free(&w->bfns, e->bfn, order);

	return nr;
}

/**
 * pviommu_queue_landed - settle the unmaps that a submitted batch carried
 * @q: the queue
 * @b: the batch
 *
 * The last run first: so the allocator hands out the runs in the order of their
 * maps, and neighbours are neighbours again.
 */
void pviommu_queue_landed(struct pviommu_queue *q, struct pviommu_batch *b)
{
	const struct xen_iommu_op *rider = b->ops + b->nr;
	unsigned long pages = 0;
	unsigned int i = q->sent;

	while (i--) {
		pages += queue_settle(&q->entry[i], rider[q->entry[i].op].status);
		q->weight -= pviommu_queue_weight(q->entry[i].desc);
	}
	pviommu_count(PVIOMMU_PAGES_UNMAPPED, pages);
	q->nr -= q->sent;
	memmove(q->entry, q->entry + q->sent, q->nr * sizeof(*q->entry));
	q->sent = 0;
	b->riders = 0;
}

/* Unmap as many runs as a hypercall takes: all, unless there are long runs. */
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
