/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unmaps that wait: a queue a CPU. The queue leaves with the next hypercall
 * that flushes anyway, when the queue is nearly full, or when its timer fires.
 *
 * A waiting run is still mapped, and its BFNs are not free. Its pages may be
 * free: Xen takes a page from the devices before the page becomes a page table
 * or leaves dom0.
 */
#ifndef _XEN_PVIOMMU_QUEUE_H
#define _XEN_PVIOMMU_QUEUE_H

#include <linux/timer.h>
#include <linux/types.h>

#include "batch.h"
#include "desc.h"
#include "window.h"

/* Runs that wait a CPU. Tests have short ones. */
#ifndef PVIOMMU_QUEUE_SIZE
#define PVIOMMU_QUEUE_SIZE	120
#endif

/*
 * At this weight the next map's hypercall carries them: its batch has room for
 * more, and for a piece of frames.
 */
#define PVIOMMU_QUEUE_RIDE	(PVIOMMU_QUEUE_SIZE * 3 / 4)

struct pviommu_waiting {
	u64 bfn;
	u64 desc;		/* its descriptor */
	u32 op;			/* the rider of the batch that carries the run */
};

struct pviommu_queue {
	unsigned int nr;
	unsigned int weight;	/* of all entries */
	unsigned int sent;	/* the first entries, in the batch at hand */
	bool armed;		/* the timer runs */
	struct timer_list timer;
	struct pviommu_waiting entry[PVIOMMU_QUEUE_SIZE];
};

/* Allocated: the room that modules have for their per-CPU variables is small. */
extern struct pviommu_queue __percpu *pviommu_queues;

/* queue.c */
void pviommu_queue_make_room(struct pviommu_queue *q);
void pviommu_queue_ride(struct pviommu_queue *q, struct pviommu_batch *b);
void pviommu_queue_landed(struct pviommu_queue *q, struct pviommu_batch *b);
void pviommu_queue_flush(struct pviommu_queue *q, struct pviommu_batch *b,
			 enum pviommu_counter reason);
void pviommu_queue_start_timer(struct pviommu_queue *q);

/* drain.c */
int pviommu_queues_init(void);
void pviommu_queues_exit(void);
void pviommu_queues_relieve(void);
void pviommu_queues_drain(void);

/* Long runs count as several: of 64 pages, 10 make a piece and more. */
static inline unsigned int pviommu_queue_weight(u64 desc)
{
	return 1 + pviommu_desc_nr(desc) / 8;
}

/* No unmap waits longer than the queue's timer, which starts here. */
static inline void pviommu_queue_arm(struct pviommu_queue *q)
{
	if (unlikely(!q->armed))
		pviommu_queue_start_timer(q);
}

/**
 * pviommu_queue_add - let an unmap wait
 * @q: the queue, of this CPU or a dead one
 * @bfn: first BFN
 * @desc: the run's descriptor
 *
 * Context: interrupts off, this CPU's batch not in use.
 */
static inline void pviommu_queue_add(struct pviommu_queue *q, u64 bfn, u64 desc)
{
	struct pviommu_waiting *e;

	if (unlikely(q->nr == PVIOMMU_QUEUE_SIZE))
		pviommu_queue_make_room(q);
	e = &q->entry[q->nr++];
	e->bfn = bfn;
	e->desc = desc;
	q->weight += pviommu_queue_weight(desc);
	pviommu_count(PVIOMMU_QUEUED, 1);
	pviommu_queue_arm(q);
}

#endif /* _XEN_PVIOMMU_QUEUE_H */
