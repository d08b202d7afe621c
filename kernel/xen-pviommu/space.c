// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file's window of BFNs, with the state of each: an op is checked before Xen is
 * asked, and remaining maps are found in the end.
 *
 *             map op put                  done
 *   0 -----------------------> id|PENDING ----> id
 *   ^ ^                          | failed       | unmap op put
 *   |  \________________________/               v
 *   +-------------------------------------- id|PENDING ----> BROKEN
 *             done                                   failed
 *
 * BFNs and pages that are BROKEN are never used again.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/printk.h>

#include "chardev.h"
#include "map.h"

static_assert(BFN_CHUNK_SIZE << PAGE_SHIFT == XEN_PVIOMMU_MIN_WINDOW);

/**
 * pviommu_space_take - give a file its window
 * @s: the file's, which has none
 * @size: bytes, a power of two of whole chunks
 * @limit: highest address
 *
 * Return: 0, -ERANGE, -ENOSPC or -ENOMEM.
 */
int pviommu_space_take(struct pviommu_space *s, u64 size, u64 limit)
{
	struct pviommu_window *w = pviommu_window_under(limit);
	u16 *state;
	u64 bfn;

	if (!w)
		return -ERANGE;
	state = kvcalloc(PHYS_PFN(size), sizeof(*state), GFP_KERNEL_ACCOUNT);
	if (!state)
		return -ENOMEM;
	bfn = pviommu_bfn_alloc(w, ilog2(PHYS_PFN(size)));
	if (bfn == BFN_NONE) {
		kvfree(state);
		return -ENOSPC;
	}
	*s = (struct pviommu_space){
		.w = w,
		.bfn = bfn,
		.nr = PHYS_PFN(size),
		.state = state,
	};

	return 0;
}

/* The window has no map, unless broken: then nobody gets the window again. */
void pviommu_space_release(struct pviommu_space *s)
{
	unsigned long flags;

	if (!s->w)
		return;
	if (s->broken) {
		pviommu_count(PVIOMMU_LEAKED, s->nr - s->broken);
		pr_err("BFNs %#llx+%lu are never used again: %lu of them failed\n",
		       s->bfn, s->nr, s->broken);
	} else {
		local_irq_save(flags);
		pviommu_yielded_clear(s->w, s->bfn, ilog2(s->nr));
		bfn_free(&s->w->bfns, s->bfn, ilog2(s->nr));
		local_irq_restore(flags);
	}
	kvfree(s->state);
	s->w = NULL;
}

static u16 *state_of(const struct pviommu_space *s, u64 bfn)
{
	return s->state + (bfn - s->bfn);
}

/**
 * pviommu_space_look - may an op have these BFNs?
 * @s: the file's window
 * @bfn: first BFN, inside it as the others are
 * @nr: number of BFNs
 * @mapped: whether all of them have to be mapped, or none
 *
 * Return: 0; -EEXIST or -ENOENT for BFNs in another state; -EIO for a broken BFN;
 * -EBUSY for a BFN of an op in the batch. The first BFN counts, except for
 * -EBUSY.
 */
int pviommu_space_look(const struct pviommu_space *s, u64 bfn, unsigned long nr,
		       bool mapped)
{
	const u16 *state = state_of(s, bfn), *end = state + nr;
	int err = 0;

	for (; state < end; state++) {
		if (*state & PVIOMMU_BFN_PENDING)
			return -EBUSY;
		if (err)
			continue;
		if (*state == PVIOMMU_BFN_BROKEN)
			err = -EIO;
		else if (!*state == mapped)
			err = mapped ? -ENOENT : -EEXIST;
	}

	return err;
}

static void add_mapped(struct pviommu_file *f, u16 id, long nr)
{
	struct pviommu_region *r = xa_load(&f->regions, id);

	r->mapped += nr;
}

/* A map op is in the batch: the region can't go any more. */
void pviommu_space_map(struct pviommu_file *f, u64 bfn, unsigned long nr,
		       u16 id)
{
	u16 *state = state_of(&f->space, bfn), *end = state + nr;

	while (state < end)
		*state++ = id | PVIOMMU_BFN_PENDING;
	add_mapped(f, id, nr);
}

/* An unmap op is in the batch. */
void pviommu_space_unmap(struct pviommu_file *f, u64 bfn, unsigned long nr)
{
	u16 *state = state_of(&f->space, bfn), *end = state + nr;

	while (state < end)
		*state++ |= PVIOMMU_BFN_PENDING;
}

/* How many BFNs from the first one on are in the same state. */
static unsigned long space_same(const u16 *state, const u16 *end)
{
	const u16 *s = state;

	while (s < end && *s == *state)
		s++;

	return s - state;
}

/* The op is done: all of its BFNs are mapped, or none. */
void pviommu_space_settle(struct pviommu_file *f, u64 bfn, unsigned long nr,
			  bool mapped)
{
	u16 *state = state_of(&f->space, bfn), *end = state + nr;
	unsigned long same;
	u16 id;

	for (; state < end; state += same) {
		same = space_same(state, end);
		id = *state & ~PVIOMMU_BFN_PENDING;
		memset16(state, mapped ? id : 0, same);
		if (!mapped)
			add_mapped(f, id, -(long)same);
	}
}

/*
 * The op failed, and devices may reach the pages. The regions of the BFNs keep their
 * count, and are never unpinned.
 */
void pviommu_space_break(struct pviommu_file *f, u64 bfn, unsigned long nr,
			 int error)
{
	u16 *state = state_of(&f->space, bfn), *end = state + nr;
	unsigned long more = 0;

	for (; state < end; state++) {
		more += *state != PVIOMMU_BFN_BROKEN;
		*state = PVIOMMU_BFN_BROKEN;
	}
	f->space.broken += more;
	pviommu_count(PVIOMMU_LEAKED, more);
	pr_err_ratelimited("a file's BFNs %#llx+%lu are never used again: error %d\n",
			   bfn, nr, error);
}
