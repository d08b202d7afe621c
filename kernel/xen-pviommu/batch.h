/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A batch: one page of ops on its way to Xen.
 *
 * Each CPU has a batch, used with interrupts off between pviommu_batch_begin()
 * and pviommu_batch_end(). So DMA mapping works in every context and without a
 * lock. A batch serves either maps or unmaps of a single run. Unmaps from the
 * CPU's queue ride behind the batch's own ops.
 */
#ifndef _XEN_PVIOMMU_BATCH_H
#define _XEN_PVIOMMU_BATCH_H

#include <linux/math.h>
#include <linux/string.h>
#include <linux/types.h>
#include <xen/interface/xen.h>

#include "probe.h"
#include "desc.h"
#include "xencall.h"

/*
 * Count a hypercall that flushes: the reason, and the number of queued unmaps
 * in the hypercall. Each such hypercall is counted here, and once.
 */
static inline void pviommu_count_flush(enum pviommu_counter reason,
				       unsigned int waited)
{
	pviommu_count(PVIOMMU_FLUSHES, 1);
	pviommu_count(reason, 1);
	trace_pviommu_flush(reason, waited);
}

struct pviommu_batch {
	struct xen_iommu_op *ops;	/* XEN_IOMMUOP_MAX_OPS slots, a page */
	struct xen_iommu_op *last;	/* of the waiting maps, if nr is not 0 */
	unsigned int nr;		/* slots to submit */
	unsigned int riders;		/* unmaps of the queue, behind them */
	int error;			/* first status below 0, or 0 */
	bool unclean;			/* the BFNs may be mapped or not */
	u64 desc;			/* flags of the run's descriptor: desc.h */
	u64 first;			/* first BFN of the run */
	u64 settled;			/* BFNs below went in earlier hypercalls */
};

/* The frames that a map op names. */
struct pviommu_frames {
	u64 mfn;
	u16 domid;
	u16 flags;	/* XEN_IOMMUOP_MAP_* */
};

DECLARE_PER_CPU(struct pviommu_batch, pviommu_batches);

/* batch.c */
int pviommu_batches_init(void);
void pviommu_batches_exit(void);
int pviommu_batch_init(struct pviommu_batch *b);
void pviommu_batch_exit(struct pviommu_batch *b);

struct pviommu_batch *pviommu_batch_here(void);
struct pviommu_batch *pviommu_batch_begin(unsigned long *flags);
void pviommu_batch_end(unsigned long flags);

struct xen_iommu_op_range *pviommu_batch_append_rider(struct pviommu_batch *b,
						      u64 bfn, u32 nr);
void pviommu_batch_submit(struct pviommu_batch *b);

bool pviommu_batch_list_begin(struct pviommu_batch *b, u64 mfn);

/* settle.c */
int pviommu_batch_map_slow(struct pviommu_batch *b, u64 bfn, u32 nr,
			   const struct pviommu_frames *frames);
void pviommu_batch_map_abort(struct pviommu_batch *b, int error);
int pviommu_batch_map_end(struct pviommu_batch *b);
void pviommu_batch_unmap(struct pviommu_batch *b, u64 bfn, unsigned long nr);
int pviommu_batch_unmap_end(struct pviommu_batch *b);
int pviommu_batch_single_slow(struct pviommu_batch *b, long rc);
int pviommu_unmap_at(u64 bfn, unsigned long nr);

/* Field by field: an op made on the stack first costs a copy and a canary. */
static inline void pviommu_op_map(struct xen_iommu_op *op, u64 bfn, u32 nr,
				  const struct pviommu_frames *frames)
{
	op->op = XEN_IOMMUOP_map;
	op->flags = frames->flags;
	op->u.map.ctx = 0;
	op->u.map.domid = frames->domid;
	op->u.map.nr = nr;
	op->u.map.bfn = bfn;
	op->u.map.mfn = frames->mfn;
}

static inline void pviommu_op_range(struct xen_iommu_op *op, u16 opcode,
				    u64 bfn, u32 nr)
{
	op->op = opcode;
	op->flags = 0;
	op->u.range.ctx = 0;
	op->u.range.pad0 = 0;
	op->u.range.nr = nr;
	op->u.range.bfn = bfn;
	op->u.range.pad1 = 0;
}

static inline void pviommu_op_unmap(struct xen_iommu_op *op, u64 bfn, u32 nr)
{
	pviommu_op_range(op, XEN_IOMMUOP_unmap, bfn, nr);
}

/**
 * pviommu_batch_single - carry out b->ops[0], a single op
 * @b: this CPU's batch, not in use
 *
 * Context: interrupts off.
 * Return: the op's status, XEN_IOMMUOP_STATUS_held included, or the call's
 * error. After an error b->unclean is true if the op's BFNs may be mapped or
 * not.
 */
static inline int pviommu_batch_single(struct pviommu_batch *b)
{
	long rc = pviommu_hypercall_raw(b->ops);

	if (likely(!rc && !b->ops[0].status))
		return 0;

	return pviommu_batch_single_slow(b, rc);
}

/* Append BFNs to a range if they continue the range, and up to @most in all. */
static inline bool pviommu_range_extend(struct xen_iommu_op_range *range,
					u64 bfn, u64 nr, u64 most)
{
	if (range->bfn + range->nr != bfn || range->nr + nr > most)
		return false;
	range->nr += nr;

	return true;
}

/* The MFNs of a list stand in the slots behind its op. */
static inline u64 *pviommu_list_mfns(struct xen_iommu_op *op)
{
	static_assert(sizeof(*op) == XEN_IOMMUOP_LIST_MFNS * sizeof(u64));

	return (u64 *)(op + 1);
}

static inline unsigned int pviommu_op_slots(const struct xen_iommu_op *op)
{
	if (op->op != XEN_IOMMUOP_map_list)
		return 1;

	return 1 + DIV_ROUND_UP(op->u.list.nr, XEN_IOMMUOP_LIST_MFNS);
}

/* Can an op map a list of @nr frames, and a second op undo the map? */
static inline bool pviommu_list_fits(u32 nr)
{
	return 1 + DIV_ROUND_UP(nr, XEN_IOMMUOP_LIST_MFNS) <=
	       pviommu_xen.max_ops && nr <= pviommu_xen.max_frames;
}

/**
 * pviommu_batch_list - let one op map a whole run of frames
 * @b: this CPU's batch, empty
 * @bfn: first BFN
 * @nr: number of frames, at least 1; pviommu_list_fits(@nr)
 * @access: XEN_IOMMUOP_MAP_*, but not mmio
 *
 * Return: where the caller writes the @nr MFNs, of dom0's own RAM, before
 * pviommu_batch_map_end(). Nothing else is added to the batch.
 */
static inline u64 *pviommu_batch_list(struct pviommu_batch *b, u64 bfn, u32 nr,
				      u16 access)
{
	struct xen_iommu_op *op = b->ops;

	op->op = XEN_IOMMUOP_map_list;
	op->flags = access;
	op->u.list.ctx = 0;
	op->u.list.pad0 = 0;
	op->u.list.nr = nr;
	op->u.list.bfn = bfn;
	op->u.list.pad1 = 0;
	b->nr = pviommu_op_slots(op);
	/* The rest of the list's last slot is 0. */
	memset(&op[b->nr - 1], 0, sizeof(*op));

	return pviommu_list_mfns(op);
}

/*
 * Add a slot for the MFNs of the last list, behind its first @nr; the slot's
 * rest is 0. A single unmap op must be able to undo the list.
 */
static inline bool pviommu_batch_list_slot(struct pviommu_batch *b, u32 nr)
{
	if (unlikely(b->nr == pviommu_xen.max_ops) ||
	    unlikely(nr + XEN_IOMMUOP_LIST_MFNS > pviommu_xen.max_frames))
		return false;
	memset(&b->ops[b->nr++], 0, sizeof(*b->ops));

	return true;
}

/**
 * pviommu_batch_list_add - add a frame to the last op, if that is a list
 * @b: this CPU's batch, its b->nr not 0
 * @bfn: its BFN
 * @mfn: the frame, dom0's own RAM; the run has one set of flags
 *
 * Return: false when the frame continues no list, or the batch is full.
 */
static inline bool pviommu_batch_list_add(struct pviommu_batch *b, u64 bfn,
					  u64 mfn)
{
	struct xen_iommu_op *op = b->last;
	u32 nr = op->u.list.nr;

	if (unlikely(op->op != XEN_IOMMUOP_map_list) ||
	    unlikely(op->u.list.bfn + nr != bfn))
		return false;
	if (!(nr % XEN_IOMMUOP_LIST_MFNS) && !pviommu_batch_list_slot(b, nr))
		return false;
	pviommu_list_mfns(op)[nr] = mfn;
	op->u.list.nr = nr + 1;

	return true;
}

/* A list is of dom0's own RAM. */
static inline bool pviommu_is_listed(const struct pviommu_frames *frames)
{
	return frames->domid == DOMID_SELF &&
	       !(frames->flags & XEN_IOMMUOP_MAP_mmio);
}

/* An op of its own; the caller has checked the room. */
static inline void pviommu_batch_append_map(struct pviommu_batch *b, u64 bfn,
					    u32 nr,
					    const struct pviommu_frames *frames)
{
	b->last = &b->ops[b->nr++];
	pviommu_op_map(b->last, bfn, nr, frames);
}

/*
 * Make frames part of the last op: of its run, if the frames continue the run.
 * Else the frame joins the op's list, if the op is a list or may become a list.
 */
static inline bool pviommu_batch_join(struct pviommu_batch *b, u64 bfn, u32 nr,
				      const struct pviommu_frames *frames)
{
	struct xen_iommu_op *op = b->last;
	struct xen_iommu_op_map *map = &op->u.map;
	bool listed = nr == 1 && pviommu_is_listed(frames);

	if (op->op == XEN_IOMMUOP_map_list)
		return listed && pviommu_batch_list_add(b, bfn, frames->mfn);
	if (map->bfn + map->nr != bfn || map->domid != frames->domid ||
	    op->flags != frames->flags)
		return false;
	if (map->mfn + map->nr != frames->mfn)
		return listed && map->nr == 1 &&
		       pviommu_batch_list_begin(b, frames->mfn);
	if (map->nr + nr > pviommu_xen.max_frames)
		return false;
	map->nr += nr;

	return true;
}

/**
 * pviommu_batch_add - add frames to a batch, to its last op or as a new op
 * @b: the batch
 * @bfn: first BFN
 * @nr: number of frames, up to max_frames
 * @frames: the frames to map
 *
 * Return: false when the batch is full and must be submitted first.
 */
static inline bool pviommu_batch_add(struct pviommu_batch *b, u64 bfn, u32 nr,
				     const struct pviommu_frames *frames)
{
	if (b->nr && pviommu_batch_join(b, bfn, nr, frames))
		return true;
	if (unlikely(b->nr == pviommu_xen.max_ops))
		return false;
	pviommu_batch_append_map(b, bfn, nr, frames);

	return true;
}

/**
 * pviommu_batch_map - map frames as part of the run
 * @b: this CPU's batch
 * @bfn: first BFN; BFNs ascend from call to call
 * @nr: number of frames, up to max_frames
 * @frames: the frames to map
 *
 * Return: 0, or the first error of the run; nothing of the run is mapped then.
 */
static inline int pviommu_batch_map(struct pviommu_batch *b, u64 bfn, u32 nr,
				    const struct pviommu_frames *frames)
{
	/* After a failure the batch is empty. */
	if (likely(b->nr) && likely(pviommu_batch_add(b, bfn, nr, frames)))
		return 0;

	return pviommu_batch_map_slow(b, bfn, nr, frames);
}

#endif /* _XEN_PVIOMMU_BATCH_H */
