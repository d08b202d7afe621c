// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * BFN allocator, the slow part: chunks of 512 BFNs.
 *
 * A chunk has one owner, the only CPU that clears bits of its bitmap. Any CPU
 * sets bits, by a free, atomically and without a lock. A chunk without an owner
 * waits in the list of partial chunks; a full chunk waits for a free that lists
 * the chunk.
 *
 *            nothing fits          a free            nothing in use
 *   OWNED -----------------> FULL -------> LISTED -----------------> gone
 *     ^                        \             |
 *     +-------------------------\------------+   some is free: at once
 *
 * A free may still look at a chunk when that is retired, as its last BFN came
 * home: struct bfn_chunk lives for an RCU grace period longer.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "bfn.h"
#include "trace.h"

/* Partial chunks to look through before another one is taken. */
#define ADOPT_TRIES	16

/* Chunks without any BFN in use that are kept for the next burst. */
#define KEEP_CHUNKS	4

/* Bits at multiples of 2^order in a word. */
static unsigned long chunk_starts(unsigned int order)
{
	static const unsigned long mask[] = {
		~0UL, 0x5555555555555555, 0x1111111111111111,
		0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1,
	};

	return mask[min_t(unsigned int, order, ARRAY_SIZE(mask) - 1)];
}

/* The places in a word at which runs start. */
static unsigned long chunk_candidates(unsigned long word, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < order; i++)
		word &= word >> BIT(i);

	return word & chunk_starts(order);
}

static unsigned long run_mask(unsigned int order)
{
	return order < ilog2(BITS_PER_LONG) ? BIT(BIT(order)) - 1 : ~0UL;
}

/*
 * Bits are cleared after an acquire, which pairs with the release of chunk_give():
 * all work on a BFN before its free is over.
 */
static unsigned long word_of(struct bfn_chunk *chunk, unsigned int i)
{
	return atomic_long_read_acquire(&chunk->free[i]);
}

/* Take up to @nr runs within words; they ascend from the last. */
static unsigned int take_small(struct bfn_chunk *chunk, unsigned int order,
			       u32 *run, unsigned int nr)
{
	unsigned int i, bit, done = 0;
	unsigned long fits, taken;

	for (i = 0; i < BFN_CHUNK_WORDS && done < nr; i++) {
		taken = 0;
		fits = chunk_candidates(word_of(chunk, i), order);
		for (; fits && done < nr; fits &= fits - 1) {
			bit = __ffs(fits);
			taken |= run_mask(order) << bit;
			run[nr - ++done] = (chunk->id << BFN_CHUNK_ORDER) +
					   i * BITS_PER_LONG + bit;
		}
		if (taken)
			atomic_long_andnot(taken, &chunk->free[i]);
	}
	/* They were written from the end, so the last is the lowest. */
	if (done < nr)
		memmove(run, run + nr - done, done * sizeof(*run));

	return done;
}

static bool words_free(struct bfn_chunk *chunk, unsigned int i, unsigned int nr)
{
	while (nr--)
		if (word_of(chunk, i + nr) != ~0UL)
			return false;

	return true;
}

/* Take one run of whole words. */
static unsigned int take_words(struct bfn_chunk *chunk, unsigned int order,
			       u32 *run)
{
	unsigned int i, j, nr = BIT(order) / BITS_PER_LONG;

	for (i = 0; i < BFN_CHUNK_WORDS; i += nr) {
		if (!words_free(chunk, i, nr))
			continue;
		for (j = i; j < i + nr; j++)
			atomic_long_set(&chunk->free[j], 0);
		*run = (chunk->id << BFN_CHUNK_ORDER) + i * BITS_PER_LONG;
		return 1;
	}

	return 0;
}

static unsigned int chunk_take(struct bfn_chunk *chunk, unsigned int order, u32 *run,
			       unsigned int nr)
{
	if (BIT(order) < BITS_PER_LONG)
		return take_small(chunk, order, run, nr);

	return take_words(chunk, order, run);
}

static bool chunk_has(struct bfn_chunk *chunk, unsigned int order)
{
	unsigned int i, nr = BIT(order) / BITS_PER_LONG;

	if (nr) {
		for (i = 0; i < BFN_CHUNK_WORDS; i += nr)
			if (words_free(chunk, i, nr))
				return true;
		return false;
	}
	for (i = 0; i < BFN_CHUNK_WORDS; i++)
		if (chunk_candidates(word_of(chunk, i), order))
			return true;

	return false;
}

static bool has_any(struct bfn_chunk *chunk)
{
	return chunk_has(chunk, 0);
}

static void chunk_delete(struct bfn_chunk *chunk)
{
	free_page((unsigned long)chunk->slot);
	kfree(chunk);
}

static struct bfn_chunk *chunk_new(enum bfn_chunk_state state)
{
	struct bfn_chunk *chunk;
	unsigned int i;

	chunk = kzalloc(sizeof(*chunk), GFP_ATOMIC | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	chunk->slot = (u64 *)get_zeroed_page(GFP_ATOMIC | __GFP_NOWARN);
	if (!chunk->slot) {
		kfree(chunk);
		return NULL;
	}
	chunk->state = state;
	for (i = 0; i < BFN_CHUNK_WORDS; i++)
		atomic_long_set(&chunk->free[i], ~0UL);

	return chunk;
}

static void chunk_delete_rcu(struct rcu_head *rcu)
{
	chunk_delete(container_of(rcu, struct bfn_chunk, rcu));
}

static void trace_chunk(const struct bfn_window *w,
			const struct bfn_chunk *chunk,
			enum pviommu_chunk_fate fate)
{
	trace_pviommu_chunk(w->start + ((u64)chunk->id << BFN_CHUNK_ORDER),
			    fate);
}

/* No BFN of the chunk is in use, and no CPU finds the chunk any more. Lock held. */
static void chunk_retire(struct bfn_window *w, struct bfn_chunk *chunk)
{
	trace_chunk(w, chunk, PVIOMMU_CHUNK_RETIRED);
	RCU_INIT_POINTER(w->chunk[chunk->id], NULL);
	call_rcu(&chunk->rcu, chunk_delete_rcu);
}

/* Called with the lock held. */
static void list_chunk(struct bfn_window *w, struct bfn_chunk *chunk)
{
	WRITE_ONCE(chunk->state, BFN_CHUNK_LISTED);
	list_add(&chunk->node, &w->partial);
	w->nr_partial++;
	if (w->nr_partial >= w->trim_at)
		bfn_chunk_trim(w, KEEP_CHUNKS);
}

static bool chunk_idle(struct bfn_chunk *chunk)
{
	return words_free(chunk, 0, BFN_CHUNK_WORDS);
}

/* Retire the idle ones but @keep of them. Called with the lock held. */
void bfn_chunk_trim(struct bfn_window *w, unsigned int keep)
{
	struct bfn_chunk *chunk, *next;
	unsigned int kept = 0;

	list_for_each_entry_safe(chunk, next, &w->partial, node) {
		if (!chunk_idle(chunk) || kept++ < keep)
			continue;
		list_del(&chunk->node);
		w->nr_partial--;
		bfn_tables_left(w, chunk->id, 1);
		chunk_retire(w, chunk);
	}
	/* So that a look a chunk is paid by the frees between two looks. */
	w->trim_at = 2 * w->nr_partial + 2 * KEEP_CHUNKS;
}

/* A partial chunk that has such a run, now the caller's. Lock held. */
static struct bfn_chunk *chunk_adopt(struct bfn_window *w, unsigned int order)
{
	struct bfn_chunk *chunk;
	unsigned int tries = 0;

	list_for_each_entry(chunk, &w->partial, node) {
		if (unlikely(chunk->barred && w->starved))
			continue;
		if (chunk_has(chunk, order)) {
			list_del(&chunk->node);
			w->nr_partial--;
			chunk->barred = false;
			WRITE_ONCE(chunk->state, BFN_CHUNK_OWNED);
			trace_chunk(w, chunk, PVIOMMU_CHUNK_ADOPTED);
			return chunk;
		}
		if (++tries == ADOPT_TRIES)
			break;
	}

	return NULL;
}

/* A chunk was taken, or was not there. The number is a hint. */
static void ask_for_more(struct bfn_window *w)
{
	if (w->few && w->nr_chunks - bitmap_weight(w->used, w->nr_chunks) <
		      w->few)
		w->ask_chunks();
	bfn_tables_ask(w);
}

/* An unused chunk, with a leaf table if possible. */
static bool chunk_grow(struct bfn_window *w, struct bfn_chunk *chunk)
{
	chunk->id = find_first_zero_bit(w->shut, w->nr_chunks);
	if (chunk->id >= w->nr_chunks && !w->starved)
		chunk->id = find_first_zero_bit(w->used, w->nr_chunks);
	if (chunk->id >= w->nr_chunks)
		return false;
	bfn_tables_taken(w, chunk->id, 1);
	rcu_assign_pointer(w->chunk[chunk->id], chunk);
	trace_chunk(w, chunk, PVIOMMU_CHUNK_MADE);

	return true;
}

static struct bfn_chunk *chunk_find(struct bfn_window *w, unsigned int order)
{
	struct bfn_chunk *chunk, *fresh;

	bfn_lock(w);
	chunk = chunk_adopt(w, order);
	bfn_unlock(w);
	if (chunk)
		return chunk;

	fresh = chunk_new(BFN_CHUNK_OWNED);
	if (!fresh)
		return NULL;
	bfn_lock(w);
	if (chunk_grow(w, fresh))
		chunk = fresh;
	bfn_unlock(w);
	ask_for_more(w);
	if (!chunk)
		chunk_delete(fresh);

	return chunk;
}

/* The CPU has no use for its chunk any more. */
void bfn_chunk_disown(struct bfn_window *w, struct bfn_cpu *c)
{
	struct bfn_chunk *chunk = c->chunk;

	if (!chunk)
		return;
	c->chunk = NULL;
	bfn_lock(w);
	trace_chunk(w, chunk, PVIOMMU_CHUNK_LEFT);
	WRITE_ONCE(chunk->state, BFN_CHUNK_FULL);
	/*
	 * Pairs with the barrier in bfn_chunk_free(): the bit of a free that
	 * still saw an owner is seen here.
	 */
	smp_mb();
	if (has_any(chunk))
		list_chunk(w, chunk);
	bfn_unlock(w);
}

/**
 * bfn_chunk_carve - take runs from the CPU's chunk, or from its next ones
 * @w: the window
 * @c: this CPU's part of it
 * @order: of the runs, below BFN_CHUNK_ORDER
 * @run: where they go, as offsets from the start; the last one is the lowest
 * @nr: runs that are wanted; 1 from the order of a word on
 *
 * Return: how many there are; 0 when none is left, or no memory.
 */
unsigned int bfn_chunk_carve(struct bfn_window *w, struct bfn_cpu *c,
			     unsigned int order, u32 *run, unsigned int nr)
{
	unsigned int done;

	for (;;) {
		done = c->chunk ? chunk_take(c->chunk, order, run, nr) : 0;
		if (done)
			return done;
		bfn_chunk_disown(w, c);
		c->chunk = chunk_find(w, order);
		if (!c->chunk)
			return 0;
	}
}

/* Set the bits of a run; whole words are one owner's until all are set. */
static void chunk_give(struct bfn_chunk *chunk, unsigned int offset,
		       unsigned int order)
{
	unsigned int i = offset / BITS_PER_LONG;
	unsigned int nr = BIT(order) / BITS_PER_LONG;

	/* Release; pairs with word_of(). */
	smp_mb__before_atomic();
	do {
		atomic_long_or(run_mask(order) << (offset % BITS_PER_LONG),
			       &chunk->free[i++]);
	} while (i < offset / BITS_PER_LONG + nr);
}

/**
 * bfn_chunk_free - give a run back to its chunk
 * @w: the window
 * @index: first BFN, from the start
 * @order: below BFN_CHUNK_ORDER
 *
 * No lock, unless it is the first free of a full chunk.
 *
 * Context: interrupts off.
 */
void bfn_chunk_free(struct bfn_window *w, unsigned long index,
		    unsigned int order)
{
	struct bfn_chunk *chunk;

	rcu_read_lock();
	chunk = rcu_dereference(w->chunk[index >> BFN_CHUNK_ORDER]);
	chunk_give(chunk, index & (BFN_CHUNK_SIZE - 1), order);
	/* Pairs with the barrier in bfn_chunk_disown(). */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(chunk->state) == BFN_CHUNK_FULL)) {
		bfn_lock(w);
		if (chunk->state == BFN_CHUNK_FULL)
			list_chunk(w, chunk);
		bfn_unlock(w);
	}
	rcu_read_unlock();
}

/* Chunks of a run of @nr that are not in @taken; w->nr_chunks or more: none. */
static unsigned long find_area(const struct bfn_window *w,
			       unsigned long *taken, unsigned long nr)
{
	unsigned long shift = w->start >> BFN_CHUNK_ORDER;

	return bitmap_find_next_zero_area_off(taken, w->nr_chunks, 0, nr,
					      nr - 1, shift & (nr - 1));
}

/* A run of whole chunks. One of them has a struct bfn_chunk, for the slot. */
u64 bfn_large_alloc(struct bfn_window *w, unsigned int order)
{
	unsigned long nr = BIT(order - BFN_CHUNK_ORDER), first;
	struct bfn_chunk *chunk = chunk_new(BFN_CHUNK_LARGE);

	if (!chunk)
		return BFN_NONE;
	bfn_lock(w);
	first = find_area(w, w->shut, nr);
	if (first >= w->nr_chunks && !w->starved)
		first = find_area(w, w->used, nr);
	if (first < w->nr_chunks) {
		bfn_tables_taken(w, first, nr);
		chunk->id = first;
		rcu_assign_pointer(w->chunk[first], chunk);
		trace_chunk(w, chunk, PVIOMMU_CHUNK_MADE);
	}
	bfn_unlock(w);
	ask_for_more(w);
	if (first < w->nr_chunks)
		return w->start + (first << BFN_CHUNK_ORDER);
	chunk_delete(chunk);

	return BFN_NONE;
}

/* The struct bfn_chunk of a run of whole chunks, the first of which is @nr. */
static struct bfn_chunk *large_chunk(struct bfn_window *w, unsigned long nr)
{
	struct bfn_chunk *chunk;

	do {
		chunk = rcu_dereference_protected(w->chunk[nr++],
						  lockdep_is_held(&w->lock));
	} while (!chunk);

	return chunk;
}

/**
 * bfn_large_begin - let a run of whole chunks begin behind its first one
 * @w: the window
 * @start: first BFN of the run
 * @bfn: the BFN with the caller's slot, instead of @start
 *
 * Context: interrupts off.
 */
void bfn_large_begin(struct bfn_window *w, u64 start, u64 bfn)
{
	struct bfn_chunk *chunk;

	bfn_lock(w);
	chunk = large_chunk(w, (start - w->start) >> BFN_CHUNK_ORDER);
	RCU_INIT_POINTER(w->chunk[chunk->id], NULL);
	chunk->id = (bfn - w->start) >> BFN_CHUNK_ORDER;
	rcu_assign_pointer(w->chunk[chunk->id], chunk);
	bfn_unlock(w);
}

void bfn_large_free(struct bfn_window *w, unsigned long index,
		    unsigned int order)
{
	unsigned long first = index >> BFN_CHUNK_ORDER;

	bfn_lock(w);
	bfn_tables_left(w, first, BIT(order - BFN_CHUNK_ORDER));
	chunk_retire(w, large_chunk(w, first));
	bfn_unlock(w);
}

/* Nobody uses the window any more. */
void bfn_chunks_destroy(struct bfn_window *w)
{
	struct bfn_chunk *chunk;
	unsigned long nr;

	/* Chunks that were retired before go by themselves. */
	rcu_barrier();
	for (nr = 0; nr < w->nr_chunks; nr++) {
		chunk = rcu_dereference_protected(w->chunk[nr], true);
		if (chunk)
			chunk_delete(chunk);
	}
}
