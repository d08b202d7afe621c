// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays of maps and unmaps of a process. All faults of an op are found before
 * the hypercall. So ops share a hypercall as long as there is room, and
 * neighbours share an op of Xen, though each op of the process has its own
 * status.
 *
 * If Xen refuses an op for all that, each op that may have failed is done
 * again, alone. An op on a BFN of an earlier op waits for the earlier op's
 * hypercall.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <xen/page.h>

#include "chardev.h"

static_assert(XEN_IOMMUOP_MAP_read == XEN_PVIOMMU_READ);
static_assert(XEN_IOMMUOP_MAP_write == XEN_PVIOMMU_WRITE);

/* An array under way. A status is 0 until its op is known to have failed. */
struct array {
	struct pviommu_file *f;
	struct xen_pviommu_op *ops;
	unsigned int at;	/* the op at hand */
	unsigned int sent;	/* earlier ops are done */
};

static u64 first_bfn(const struct xen_pviommu_op *op)
{
	return PHYS_PFN(op->iova);
}

static unsigned long nr_bfns(const struct xen_pviommu_op *op)
{
	return PHYS_PFN(op->size);
}

static void settle_map(struct pviommu_file *f, const struct xen_iommu_op *op)
{
	/* A list op has its BFNs in the same fields. */
	const struct xen_iommu_op_map *map = &op->u.map;

	if (unlikely(f->batch.unclean)) {
		pviommu_space_break(f, map->bfn, map->nr, op->status);
		return;
	}
	/* Held or not: its pages are pinned, and its unmap never waits. */
	pviommu_space_settle(f, map->bfn, map->nr, op->status >= 0);
	if (op->status >= 0)
		pviommu_count(PVIOMMU_PAGES_MAPPED, map->nr);
}

static void settle_unmap(struct pviommu_file *f, const struct xen_iommu_op *op)
{
	const struct xen_iommu_op_range *range = &op->u.range;

	if (unlikely(op->status)) {
		pviommu_space_break(f, range->bfn, range->nr, op->status);
		return;
	}
	pviommu_space_settle(f, range->bfn, range->nr, false);
	pviommu_count(PVIOMMU_PAGES_UNMAPPED, range->nr);
}

/*
 * Submit the batch, and book the statuses. Return: the first error of an op.
 */
static int userops_submit(struct pviommu_file *f, enum pviommu_counter reason)
{
	struct pviommu_batch *b = &f->batch;
	const struct xen_iommu_op *op, *end = b->ops + b->nr;
	bool unmaps = false;
	int error;

	if (!b->nr)
		return 0;
	pviommu_batch_submit(b);
	for (op = b->ops; op < end; op += pviommu_op_slots(op)) {
		if (op->op == XEN_IOMMUOP_unmap) {
			settle_unmap(f, op);
			unmaps = true;
		} else {
			settle_map(f, op);
		}
	}
	if (unmaps)
		pviommu_count_flush(reason, 0);
	error = b->error;
	b->nr = 0;
	b->last = NULL;
	b->error = 0;
	b->unclean = false;
	cond_resched();

	return error;
}

static bool append_frames(struct pviommu_batch *b, u64 bfn, unsigned long mfn,
			  u32 flags)
{
	const struct pviommu_frames frames = {
		.mfn = mfn,
		.domid = DOMID_SELF,
		.flags = flags | pviommu_xen.yield,
	};

	if (b->last && b->last->op != XEN_IOMMUOP_unmap &&
	    b->last->flags == frames.flags &&
	    pviommu_batch_join(b, bfn, 1, &frames))
		return true;
	if (b->nr == pviommu_xen.max_ops)
		return false;
	pviommu_batch_append_map(b, bfn, 1, &frames);

	return true;
}

static unsigned long userops_map(struct pviommu_file *f, u64 bfn, u16 id,
				 const struct pviommu_region *r,
				 unsigned long page, unsigned long nr, u32 flags)
{
	unsigned long n, mfn;

	for (n = 0; n < nr; n++) {
		mfn = __pfn_to_mfn(page_to_pfn(r->pages[page + n]));
		if (!append_frames(&f->batch, bfn + n, mfn, flags))
			break;
	}
	pviommu_space_map(f, bfn, n, id);

	return n;
}

/* Unmap by a new op, or as part of the last op. Return: false without room. */
static bool append_range(struct pviommu_batch *b, u64 bfn, u32 nr)
{
	struct xen_iommu_op *last = b->last;

	if (last && last->op == XEN_IOMMUOP_unmap &&
	    pviommu_range_extend(&last->u.range, bfn, nr,
				 pviommu_xen.max_frames))
		return true;
	if (b->nr == pviommu_xen.max_ops)
		return false;
	b->last = &b->ops[b->nr++];
	pviommu_op_unmap(b->last, bfn, nr);

	return true;
}

/* The BFNs are mapped. */
static unsigned long userops_unmap(struct pviommu_file *f, u64 bfn,
				   unsigned long nr)
{
	unsigned long n, part;

	for (n = 0; n < nr; n += part) {
		part = min_t(unsigned long, nr - n, pviommu_xen.max_frames);
		if (!append_range(&f->batch, bfn + n, part))
			break;
	}
	pviommu_space_unmap(f, bfn, n);

	return n;
}

/* Unmap the mapped BFNs of a range. The batch is empty before and after. */
static void take_down(struct pviommu_file *f, u64 bfn, unsigned long nr,
		      enum pviommu_counter reason)
{
	const u16 *state = f->space.state + (bfn - f->space.bfn);
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (!state[i] || state[i] == PVIOMMU_BFN_BROKEN)
			continue;
		if (userops_unmap(f, bfn + i, 1))
			continue;
		userops_submit(f, reason);
		userops_unmap(f, bfn + i, 1);
	}
	userops_submit(f, reason);
}

static struct pviommu_region *region_of(struct pviommu_file *f,
					const struct xen_pviommu_op *op)
{
	return xa_load(&f->regions, op->region);
}

/* Fill the batch with BFNs of the op. Return: how many had room. */
static unsigned long userops_append(struct pviommu_file *f,
				    const struct xen_pviommu_op *op, unsigned long done)
{
	unsigned long nr = nr_bfns(op) - done;
	u64 bfn = first_bfn(op) + done;

	if (op->op == XEN_PVIOMMU_OP_UNMAP)
		return userops_unmap(f, bfn, nr);

	return userops_map(f, bfn, op->region, region_of(f, op),
			   PHYS_PFN(op->offset) + done, nr, op->flags);
}

/*
 * The rest of a map in hypercalls of its own. The batch is empty before and
 * after.
 */
static int map_rest(struct pviommu_file *f, const struct xen_pviommu_op *op,
		    unsigned long done)
{
	unsigned long nr = nr_bfns(op);
	u64 bfn = first_bfn(op);
	int err = 0;

	while (done < nr && !err) {
		done += userops_append(f, op, done);
		err = userops_submit(f, PVIOMMU_FLUSH_STRICT);
	}
	if (!err)
		return 0;
	take_down(f, bfn, done, PVIOMMU_FLUSH_STRICT);
	/* A BFN was mapped that ought to be free. */
	if (err == -EEXIST)
		pviommu_space_break(f, bfn, nr, err);

	return pviommu_space_look(&f->space, bfn, nr, false) ? -EIO : err;
}

/* The same of an unmap. */
static int unmap_rest(struct pviommu_file *f, const struct xen_pviommu_op *op,
		      unsigned long done)
{
	unsigned long nr = nr_bfns(op);
	u64 bfn = first_bfn(op);

	while (done < nr) {
		done += userops_append(f, op, done);
		userops_submit(f, PVIOMMU_FLUSH_STRICT);
	}

	return pviommu_space_look(&f->space, bfn, nr, false) ? -EIO : 0;
}

/* An op in a hypercall failed: has this op? Return: the op's status. */
static int look_again(struct pviommu_file *f, const struct xen_pviommu_op *op)
{
	const struct pviommu_space *s = &f->space;
	bool map = op->op == XEN_PVIOMMU_OP_MAP;
	int err;

	err = pviommu_space_look(s, first_bfn(op), nr_bfns(op), map);
	if (!err)
		return 0;
	if (!map)
		return -EIO;
	/* Half of the map may stand, or all may have failed with a neighbour. */
	take_down(f, first_bfn(op), nr_bfns(op), PVIOMMU_FLUSH_STRICT);
	err = pviommu_space_look(s, first_bfn(op), nr_bfns(op), false);

	return err ? -EIO : map_rest(f, op, 0);
}

/* Return: whether all went well. Else the earlier ops have their statuses. */
static bool userops_flush(struct array *a)
{
	struct xen_pviommu_op *op = a->ops + a->sent, *end = a->ops + a->at;
	int err = userops_submit(a->f, PVIOMMU_FLUSH_STRICT);

	a->sent = a->at;
	if (likely(!err))
		return true;
	for (; op < end; op++)
		if (!op->status)
			op->status = look_again(a->f, op);

	return false;
}

/*
 * An op of several hypercalls is over when they return: later ops may change
 * some of its BFNs, and no look_again() is due for the op.
 */
static int userops_over(struct array *a, int status)
{
	a->sent = a->at + 1;

	return status;
}

/*
 * Add an op to the batch, after the check of its BFNs. Return: 0, or the status
 * of an op that is over.
 */
static int userops_add(struct array *a, const struct xen_pviommu_op *op)
{
	bool map = op->op == XEN_PVIOMMU_OP_MAP;
	unsigned long done = userops_append(a->f, op, 0);

	if (!done) {
		userops_flush(a);
		done = userops_append(a->f, op, 0);
	}
	if (likely(done == nr_bfns(op)))
		return 0;
	if (!userops_flush(a) && map &&
	    pviommu_space_look(&a->f->space, first_bfn(op), done, true)) {
		take_down(a->f, first_bfn(op), done, PVIOMMU_FLUSH_STRICT);
		done = 0;
	}

	return userops_over(a, map ? map_rest(a->f, op, done) :
			     unmap_rest(a->f, op, done));
}

static bool is_aligned(u64 value)
{
	return !(value & ~PAGE_MASK);
}

static bool is_wrong(const struct xen_pviommu_op *op)
{
	u64 end;

	if (op->pad0 || !op->size || !is_aligned(op->iova) ||
	    !is_aligned(op->size) ||
	    check_add_overflow(op->iova, op->size, &end))
		return true;
	if (op->op == XEN_PVIOMMU_OP_UNMAP)
		return op->flags || op->region || op->offset;

	return op->op != XEN_PVIOMMU_OP_MAP || !op->flags ||
	       op->flags & ~(XEN_PVIOMMU_READ | XEN_PVIOMMU_WRITE) ||
	       !is_aligned(op->offset) ||
	       check_add_overflow(op->offset, op->size, &end);
}

static bool is_inside(const struct pviommu_space *s,
		      const struct xen_pviommu_op *op)
{
	u64 bfn = first_bfn(op);

	return s->w && bfn >= s->bfn && bfn - s->bfn < s->nr &&
	       nr_bfns(op) <= s->nr - (bfn - s->bfn);
}

/* Does the region allow the op? */
static int userops_check(const struct pviommu_region *r,
			 const struct xen_pviommu_op *op)
{
	unsigned long page = PHYS_PFN(op->offset);

	if (!r)
		return -ENOENT;
	if (op->flags & ~r->flags)
		return -EACCES;
	if (page >= r->nr || nr_bfns(op) > r->nr - page)
		return -ERANGE;

	return 0;
}

/* Return: 0 when the op is in the batch or done. */
static int carry_out(struct array *a, const struct xen_pviommu_op *op)
{
	bool unmaps = op->op == XEN_PVIOMMU_OP_UNMAP;
	struct pviommu_file *f = a->f;
	int err;

	if (is_wrong(op))
		return -EINVAL;
	if (!is_inside(&f->space, op))
		return -ENXIO;
	if (!unmaps) {
		err = userops_check(region_of(f, op), op);
		if (err)
			return err;
	}
	err = pviommu_space_look(&f->space, first_bfn(op), nr_bfns(op), unmaps);
	if (err == -EBUSY) {
		userops_flush(a);
		err = pviommu_space_look(&f->space, first_bfn(op), nr_bfns(op),
					 unmaps);
	}
	if (err)
		return err;

	return userops_add(a, op);
}

/**
 * pviommu_userops - carry out an array of ops
 * @f: the file, locked
 * @ops: the ops, in the kernel's memory; their statuses are set
 * @nr: number of ops
 *
 * Context: process.
 * Return: number of ops whose status is not 0.
 */
unsigned int pviommu_userops(struct pviommu_file *f, struct xen_pviommu_op *ops,
			     unsigned int nr)
{
	struct array a = { .f = f, .ops = ops };
	unsigned int i, failed = 0;

	for (i = 0; i < nr; i++)
		ops[i].status = 0;
	for (; a.at < nr; a.at++) {
		if (unlikely(fatal_signal_pending(current)))
			ops[a.at].status = -EINTR;
		else
			ops[a.at].status = carry_out(&a, &ops[a.at]);
	}
	userops_flush(&a);
	for (i = 0; i < nr; i++)
		failed += ops[i].status != 0;

	return failed;
}

/* The file ends: unmap all of its BFNs but the broken BFNs. */
void pviommu_userops_end(struct pviommu_file *f)
{
	if (f->space.w)
		take_down(f, f->space.bfn, f->space.nr, PVIOMMU_FLUSH_REQUEST);
}
