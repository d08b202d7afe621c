// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of maps and of unmaps. Neighbouring frames become an op, scattered
 * frames a list, and a full page of ops a hypercall. Unmaps of the queue ride
 * with the hypercall. Only this file takes back the mapped part of a run that
 * failed.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/percpu.h>

#include "batch.h"
#include "counters.h"
#include "probe.h"
#include "queue.h"

static void append_unmap(struct pviommu_batch *b, u64 bfn, u32 nr)
{
	pviommu_op_unmap(&b->ops[b->nr++], bfn, nr);
}

/*
 * Turn the maps that succeeded, in place, into the unmaps that undo them.
 *
 * -EEXIST: a BFN was mapped that ought to be free. The allocator must not hand
 * out the BFN again either. -EIO: the flush of a map failed.
 */
static void undo_submitted(struct pviommu_batch *b)
{
	const struct xen_iommu_op *op, *next, *end = b->ops + b->nr;

	b->nr = 0;
	for (op = b->ops; op < end; op = next) {
		/* A list op has its BFNs in the same fields. */
		const struct xen_iommu_op_map map = op->u.map;

		next = op + pviommu_op_slots(op);
		if (op->status == -EEXIST)
			b->unclean = true;
		if (op->status >= 0 || op->status == -EIO)
			append_unmap(b, map.bfn, map.nr);
	}
	b->error = 0;
	pviommu_batch_submit(b);
	if (b->nr)
		pviommu_count_flush(PVIOMMU_FLUSH_STRICT, 0);
	b->unclean |= b->error;
	b->nr = 0;
}

/* See pviommu_batch_single(). An unmap that failed stays as it is. */
int pviommu_batch_single_slow(struct pviommu_batch *b, long rc)
{
	int status = rc ? (int)rc : b->ops[0].status;

	if (status == XEN_IOMMUOP_STATUS_held)
		return status;
	pviommu_count(PVIOMMU_ERRORS, 1);
	b->unclean = rc;
	if (!rc && b->ops[0].op != XEN_IOMMUOP_unmap) {
		b->nr = pviommu_op_slots(&b->ops[0]);
		b->riders = 0;
		undo_submitted(b);
	}

	return status;
}

/*
 * The earlier hypercalls of the run mapped all of their frames, but their ops
 * are overwritten. So unmap frame by frame: the gaps of a scatterlist's run
 * answer
 * -ENOENT, which is as good.
 */
static void undo_settled(struct pviommu_batch *b)
{
	unsigned int i;
	u64 bfn;

	for (bfn = b->first; bfn < b->settled; bfn++) {
		append_unmap(b, bfn, 1);
		if (b->nr < pviommu_xen.max_ops && bfn + 1 < b->settled)
			continue;
		pviommu_batch_submit(b);
		pviommu_count_flush(PVIOMMU_FLUSH_STRICT, 0);
		for (i = 0; i < b->nr; i++)
			if (b->ops[i].status && b->ops[i].status != -ENOENT)
				b->unclean = true;
		b->nr = 0;
	}
}

/*
 * Submit the waiting ops of a run of maps. If an op failed, all of the run is
 * taken back: a run is mapped whole or not at all.
 */
static int settle_maps(struct pviommu_batch *b, u64 next_bfn)
{
	struct pviommu_queue *q = this_cpu_ptr(pviommu_queues);
	int error;

	/* The flush for riders is worth its price once many unmaps wait. */
	if (unlikely(q->weight >= PVIOMMU_QUEUE_RIDE)) {
		pviommu_queue_ride(q, b);
		/* A full batch has no room for riders. */
		if (b->riders)
			pviommu_count_flush(PVIOMMU_FLUSH_RIDE, q->sent);
	}
	pviommu_batch_submit(b);
	if (b->riders)
		pviommu_queue_landed(q, b);
	error = b->error;
	if (unlikely(error)) {
		undo_submitted(b);
		undo_settled(b);
		b->error = error;
	}
	b->nr = 0;
	b->settled = next_bfn;

	return error;
}

/*
 * The batch is full, or has failed, or the run begins: see pviommu_batch_map().
 */
int pviommu_batch_map_slow(struct pviommu_batch *b, u64 bfn, u32 nr,
			   const struct pviommu_frames *frames)
{
	if (unlikely(b->error))
		return b->error;
	if (!b->nr && !b->settled)
		b->first = bfn;
	if (likely(pviommu_batch_add(b, bfn, nr, frames)))
		return 0;
	if (settle_maps(b, bfn))
		return b->error;
	pviommu_batch_add(b, bfn, nr, frames);

	return 0;
}

/* The caller found a frame that can't be mapped: take the run back. */
void pviommu_batch_map_abort(struct pviommu_batch *b, int error)
{
	if (b->error)
		return;
	b->nr = 0;
	undo_settled(b);
	b->error = error;
}

/* Return: 0 when the whole run is mapped; else an error: nothing is mapped. */
int pviommu_batch_map_end(struct pviommu_batch *b)
{
	if (!b->error && b->nr)
		settle_maps(b, b->settled);

	return b->error;
}

static void settle_unmaps(struct pviommu_batch *b)
{
	struct pviommu_queue *q = this_cpu_ptr(pviommu_queues);

	if (!b->nr)
		return;
	/* There is a flush anyway. */
	if (q->nr)
		pviommu_queue_ride(q, b);
	pviommu_batch_submit(b);
	pviommu_count_flush(PVIOMMU_FLUSH_STRICT, q->sent);
	if (b->riders)
		pviommu_queue_landed(q, b);
	b->nr = 0;
}

/**
 * pviommu_batch_unmap - unmap BFNs as part of the run
 * @b: this CPU's batch
 * @bfn: first BFN
 * @nr: number of BFNs, any
 */
void pviommu_batch_unmap(struct pviommu_batch *b, u64 bfn, unsigned long nr)
{
	u32 part;

	if (b->nr && pviommu_range_extend(&b->ops[b->nr - 1].u.range, bfn, nr,
					  pviommu_xen.max_frames))
		return;
	for (; nr; nr -= part, bfn += part) {
		part = min_t(unsigned long, nr, pviommu_xen.max_frames);
		if (b->nr == pviommu_xen.max_ops)
			settle_unmaps(b);
		append_unmap(b, bfn, part);
	}
}

/**
 * pviommu_batch_unmap_end - submit the rest of a run of unmaps
 * @b: this CPU's batch
 *
 * Return: 0 when no device reaches any BFN of the run; else a device may reach
 * some or all, and the BFNs must never be used again.
 */
int pviommu_batch_unmap_end(struct pviommu_batch *b)
{
	settle_unmaps(b);

	return b->error;
}

/**
 * pviommu_unmap_at - unmap BFNs, all of which are mapped
 * @bfn: first BFN
 * @nr: number of BFNs
 *
 * Interrupts are off for a piece at a time.
 *
 * Context: any but NMI, this CPU's batch not in use.
 * Return: 0 when no device reaches any of the BFNs; else a device may.
 */
int pviommu_unmap_at(u64 bfn, unsigned long nr)
{
	struct pviommu_batch *b;
	unsigned long flags, part;
	int err = 0, error;

	for (; nr; nr -= part, bfn += part) {
		part = min_t(unsigned long, nr, pviommu_xen.piece);
		b = pviommu_batch_begin(&flags);
		pviommu_batch_unmap(b, bfn, part);
		error = pviommu_batch_unmap_end(b);
		pviommu_batch_end(flags);
		err = err ?: error;
	}

	return err;
}
