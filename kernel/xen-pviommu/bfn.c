// SPDX-License-Identifier: GPL-2.0
/*
 * BFN allocator: one bitmap a window, searched with a next-fit cursor.
 *
 * Each 512 BFNs that were ever mapped cost Xen a leaf table until the claim is
 * released, so the cursor must not wander through all of a 64 GiB window. It
 * turns round at "reach", which grows only when nothing below it fits.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bfn.h"

/* Reach grows in steps of this many BFNs: 8 leaf tables, 16 MiB. */
#define REACH_STEP	4096UL

/**
 * bfn_window_init - make a window of free BFNs
 * @w: the window
 * @start: first BFN
 * @nr: number of BFNs, at least 1
 *
 * Return: 0 or -ENOMEM.
 */
int bfn_window_init(struct bfn_window *w, u64 start, unsigned long nr)
{
	w->used = kvcalloc(BITS_TO_LONGS(nr), sizeof(long), GFP_KERNEL);
	if (!w->used)
		return -ENOMEM;

	spin_lock_init(&w->lock);
	w->start = start;
	w->nr = nr;
	w->next = 0;
	w->reach = min(nr, REACH_STEP);
	w->in_use = 0;

	return 0;
}

/* The caller sees to it that nobody allocates or frees any more. */
void bfn_window_destroy(struct bfn_window *w)
{
	w->nr = 0;
	kvfree(w->used);
	w->used = NULL;
}

/*
 * The first run in [from, to) that fits, as an index; @to when there is none.
 * Called with the lock held.
 */
static unsigned long search(const struct bfn_window *w,
			    const struct bfn_fit *fit,
			    unsigned long from, unsigned long to)
{
	unsigned long mask = fit->align - 1;
	unsigned long shift = (w->start - fit->offset) & mask;
	unsigned long index;
	u64 first, edge;

	for (;;) {
		index = bitmap_find_next_zero_area_off(w->used, to, from,
						       fit->nr, mask, shift);
		if (index >= to)
			return to;

		first = w->start + index;
		edge = (first | (fit->boundary - 1)) + 1;
		/* An edge of 0 is the end of the number space. */
		if (!edge || fit->nr <= edge - first)
			return index;
		from = edge - w->start;
		if (from >= to)
			return to;
	}
}

/*
 * The first run below @end that fits, as an index; @end when there is none.
 * Next-fit within reach first, then whatever lies behind.
 */
static unsigned long search_all(struct bfn_window *w, const struct bfn_fit *fit,
				unsigned long end)
{
	unsigned long top = min(w->reach, end);
	unsigned long index = top;

	if (w->next < top)
		index = search(w, fit, w->next, top);
	if (index == top)
		index = search(w, fit, 0, top);
	if (index < top || top == end)
		return index;

	index = search(w, fit, top - min(top, fit->nr), end);
	if (index < end)
		w->reach = min(w->nr, round_up(index + fit->nr, REACH_STEP));

	return index;
}

/**
 * bfn_alloc - take a run of BFNs
 * @w: the window
 * @fit: what the run must look like
 *
 * Context: any; takes the window's lock with interrupts off.
 * Return: the first BFN, or BFN_NONE.
 */
u64 bfn_alloc(struct bfn_window *w, const struct bfn_fit *fit)
{
	unsigned long flags, index, end;

	if (fit->nr > fit->boundary || fit->limit < w->start)
		return BFN_NONE;
	end = w->nr;
	if (fit->limit - w->start < end)
		end = fit->limit - w->start + 1;

	spin_lock_irqsave(&w->lock, flags);
	index = search_all(w, fit, end);
	if (index < end) {
		bitmap_set(w->used, index, fit->nr);
		w->next = index + fit->nr;
		w->in_use += fit->nr;
	}
	spin_unlock_irqrestore(&w->lock, flags);

	return index < end ? w->start + index : BFN_NONE;
}

/**
 * bfn_free - give a run back
 * @w: the window
 * @bfn: first BFN
 * @nr: number of BFNs, any part of what was allocated
 *
 * The next bfn_alloc() may hand them out: no device reaches them any more.
 *
 * Context: any; takes the window's lock with interrupts off.
 */
void bfn_free(struct bfn_window *w, u64 bfn, unsigned long nr)
{
	unsigned long flags;

	spin_lock_irqsave(&w->lock, flags);
	bitmap_clear(w->used, bfn - w->start, nr);
	w->in_use -= nr;
	spin_unlock_irqrestore(&w->lock, flags);
}

unsigned long bfn_in_use(struct bfn_window *w)
{
	return READ_ONCE(w->in_use);
}
