// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * BFN allocator: the chunks with a leaf table. Xen makes a table with the first map in
 * a chunk, if Xen has the memory, and keeps the table until the claim goes. Chunks with
 * tables are taken first, and some are kept in reserve: DMA goes on with them when
 * Xen has no page left.
 *
 * A new chunk counts as a chunk with a table. A map that fails for want of memory
 * corrects the belief.
 */
#include <linux/bitmap.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>

#include "bfn.h"

/* Chunks in reserve: half as many as are in use, and within these bounds. */
#define LEAST_SPARE	8UL
#define MOST_SPARE	256UL

/* Chunks are in use from now on. Called with the lock held. */
void bfn_tables_taken(struct bfn_window *w, unsigned long first,
		      unsigned long nr)
{
	unsigned long i;

	w->nr_used += nr;
	for (i = first; i < first + nr; i++)
		if (!test_bit(i, w->shut)) {
			__set_bit(i, w->shut);
			w->nr_spare--;
		}
	bitmap_set(w->used, first, nr);
	bitmap_set(w->tables, first, nr);
}

/* They are not any more. Called with the lock held. */
void bfn_tables_left(struct bfn_window *w, unsigned long first,
		     unsigned long nr)
{
	unsigned long i;

	w->nr_used -= nr;
	bitmap_clear(w->used, first, nr);
	for (i = first; i < first + nr; i++)
		if (test_bit(i, w->tables)) {
			__clear_bit(i, w->shut);
			w->nr_spare++;
		}
}

/* Called with the lock held, or as a hint without. */
static bool is_short(const struct bfn_window *w)
{
	unsigned long used = READ_ONCE(w->nr_used);
	unsigned long spare = READ_ONCE(w->nr_spare);

	return spare < clamp(used / 2, LEAST_SPARE, MOST_SPARE) &&
	       used + spare < READ_ONCE(w->nr_open);
}

/* A chunk was taken, or there was none. */
void bfn_tables_ask(struct bfn_window *w)
{
	if (w->ask_tables && is_short(w))
		w->ask_tables();
}

/* The lowest chunk that is neither in use nor has a table. */
static unsigned long without_table(const struct bfn_window *w)
{
	unsigned long nr = find_first_zero_bit(w->used, w->nr_chunks);

	while (nr < w->nr_chunks && test_bit(nr, w->tables))
		nr = find_next_zero_bit(w->used, w->nr_chunks, nr + 1);

	return nr;
}

/**
 * bfn_table_borrow - a chunk that is to be given its table
 * @w: the window
 *
 * Context: any but NMI.
 * Return: its first BFN, the caller's until bfn_table_return(); or BFN_NONE when
 * there are enough in reserve.
 */
u64 bfn_table_borrow(struct bfn_window *w)
{
	u64 bfn = BFN_NONE;
	unsigned long flags, nr;

	local_irq_save(flags);
	bfn_lock(w);
	nr = is_short(w) ? without_table(w) : w->nr_chunks;
	if (nr < w->nr_chunks) {
		__set_bit(nr, w->used);
		bfn = w->start + (nr << BFN_CHUNK_ORDER);
	}
	bfn_unlock(w);
	local_irq_restore(flags);

	return bfn;
}

/**
 * bfn_table_return - give back what bfn_table_borrow() gave
 * @w: the window
 * @bfn: its first BFN
 * @has: whether Xen has its table
 *
 * Context: any but NMI.
 */
void bfn_table_return(struct bfn_window *w, u64 bfn, bool has)
{
	unsigned long nr = (bfn - w->start) >> BFN_CHUNK_ORDER, flags;

	local_irq_save(flags);
	bfn_lock(w);
	__clear_bit(nr, w->used);
	if (has) {
		__set_bit(nr, w->tables);
		__clear_bit(nr, w->shut);
		w->nr_spare++;
	}
	WRITE_ONCE(w->starved, !has);
	bfn_unlock(w);
	local_irq_restore(flags);
}

/* Xen has no memory for their tables. Called with the lock held. */
void bfn_tables_forget(struct bfn_window *w, unsigned long first,
		       unsigned long nr)
{
	unsigned long i;

	WRITE_ONCE(w->starved, true);
	bitmap_clear(w->tables, first, nr);
	for (i = first; i < first + nr; i++)
		if (!test_bit(i, w->shut)) {
			__set_bit(i, w->shut);
			w->nr_spare--;
		}
}
