// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * BFN allocator, the fast part: magazines a CPU, and the depot behind them.
 *
 * A CPU touches its own magazines with interrupts off. No other CPU does, except
 * for a dead CPU's. A BFN comes back to the allocator when no device can reach the
 * BFN any more, so all BFNs of a magazine may be handed out at once.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bfn.h"

/* BFNs for an empty magazine from a chunk, as neighbours. */
#define REFILL_BFNS	64

/* Larger runs need fewer of them: so that a full magazine is some 500 KiB. */
static unsigned int capacity(unsigned int order)
{
	return max(BFN_MAGAZINE_SIZE >> min(order, 4U), 2);
}

static struct bfn_magazine *magazine_new(gfp_t gfp)
{
	return kzalloc(sizeof(struct bfn_magazine), gfp | __GFP_NOWARN);
}

/* Called with the lock held. */
static void put_empty(struct bfn_window *w, struct bfn_magazine *m)
{
	m->next = w->empty;
	w->empty = m;
}

static struct bfn_magazine *take_empty(struct bfn_window *w)
{
	struct bfn_magazine *m = w->empty;

	if (m)
		w->empty = m->next;

	return m;
}

/* Called with the lock held; refill() looks without it. */
static void put_full(struct bfn_window *w, struct bfn_magazine *m,
		     unsigned int order)
{
	unsigned int nr = w->depot[order].nr;

	w->depot[order].full[nr] = m;
	WRITE_ONCE(w->depot[order].nr, nr + 1);
}

static struct bfn_magazine *take_full(struct bfn_window *w, unsigned int order)
{
	unsigned int nr = w->depot[order].nr;

	if (!nr)
		return NULL;
	WRITE_ONCE(w->depot[order].nr, nr - 1);

	return w->depot[order].full[nr - 1];
}

/* A full magazine of the depot for the CPU's empty one. */
static bool depot_pull(struct bfn_window *w, struct bfn_magazine **m,
		       unsigned int order)
{
	struct bfn_magazine *full;

	bfn_lock(w);
	full = take_full(w, order);
	if (full) {
		put_empty(w, *m);
		*m = full;
	}
	bfn_unlock(w);

	return full;
}

/* The CPU's full magazine to the depot, for an empty one. */
static bool depot_push(struct bfn_window *w, struct bfn_magazine **m,
		       unsigned int order)
{
	struct bfn_magazine *empty = NULL;

	bfn_lock(w);
	if (w->depot[order].nr < BFN_DEPOT_SIZE) {
		empty = take_empty(w) ?: magazine_new(GFP_ATOMIC);
		if (empty) {
			put_full(w, *m, order);
			*m = empty;
		}
	}
	bfn_unlock(w);

	return empty;
}

/* All that is in a magazine, back to the chunks. */
static void spill(struct bfn_window *w, struct bfn_magazine *m,
		  unsigned int order)
{
	while (m->nr)
		bfn_chunk_free(w, m->run[--m->nr], order);
}

/* The loaded magazine is empty: load another, or return NULL. */
static struct bfn_magazine *refill(struct bfn_window *w, struct bfn_cpu *c,
				   unsigned int order)
{
	struct bfn_magazine **m = &c->of[order].loaded;

	if (c->of[order].spare->nr) {
		swap(c->of[order].loaded, c->of[order].spare);
		return *m;
	}
	if (READ_ONCE(w->depot[order].nr) && depot_pull(w, m, order))
		return *m;

	(*m)->nr = bfn_chunk_carve(w, c, order, (*m)->run,
				   clamp(REFILL_BFNS >> order, 1,
					 (int)capacity(order)));

	return (*m)->nr ? *m : NULL;
}

/* The loaded magazine is full: load another. */
static struct bfn_magazine *make_room(struct bfn_window *w, struct bfn_cpu *c,
				      unsigned int order)
{
	struct bfn_magazine **m = &c->of[order].loaded;

	swap(c->of[order].loaded, c->of[order].spare);
	if ((*m)->nr == capacity(order) && !depot_push(w, m, order))
		spill(w, *m, order);

	return *m;
}

/* Apart, so that bfn_alloc() needs no stack and saves no registers. */
static noinline u64 alloc_slow(struct bfn_window *w, struct bfn_cpu *c,
			       unsigned int order)
{
	struct bfn_magazine *m;
	u64 bfn;
	u32 run;

	if (order < BFN_CACHED_ORDERS) {
		m = refill(w, c, order);
		if (!m)
			return BFN_NONE;
		c->of[order].in_use++;
		return w->start + m->run[--m->nr];
	}
	if (order < BFN_CHUNK_ORDER) {
		if (!bfn_chunk_carve(w, c, order, &run, 1))
			return BFN_NONE;
		bfn = w->start + run;
	} else {
		bfn = bfn_large_alloc(w, order);
		if (bfn == BFN_NONE)
			return BFN_NONE;
	}
	c->in_use += BIT(order);

	return bfn;
}

/**
 * bfn_alloc - take a run of BFNs
 * @w: the window
 * @order: of its size, and of its alignment
 *
 * Context: interrupts off.
 * Return: the first BFN, or BFN_NONE.
 */
u64 bfn_alloc(struct bfn_window *w, unsigned int order)
{
	struct bfn_cpu *c = this_cpu_ptr(w->cpu);
	struct bfn_magazine *m;

	if (likely(order < BFN_CACHED_ORDERS)) {
		m = c->of[order].loaded;
		if (likely(m->nr)) {
			c->of[order].in_use++;
			return w->start + m->run[--m->nr];
		}
	}

	return alloc_slow(w, c, order);
}

static noinline void free_slow(struct bfn_window *w, struct bfn_cpu *c,
			       unsigned long index, unsigned int order)
{
	struct bfn_magazine *m;

	if (order < BFN_CACHED_ORDERS) {
		c->of[order].in_use--;
		m = make_room(w, c, order);
		m->run[m->nr++] = index;
		return;
	}
	c->in_use -= BIT(order);
	if (order < BFN_CHUNK_ORDER)
		bfn_chunk_free(w, index, order);
	else
		bfn_large_free(w, index, order);
}

/**
 * bfn_free - give a run back
 * @w: the window
 * @bfn: first BFN
 * @order: as it was allocated
 *
 * The next bfn_alloc() may hand them out: no device reaches them any more.
 *
 * Context: interrupts off.
 */
void bfn_free(struct bfn_window *w, u64 bfn, unsigned int order)
{
	struct bfn_cpu *c = this_cpu_ptr(w->cpu);
	unsigned long index = bfn - w->start;
	struct bfn_magazine *m;

	if (likely(order < BFN_CACHED_ORDERS)) {
		m = c->of[order].loaded;
		if (likely(m->nr != c->of[order].capacity)) {
			c->of[order].in_use--;
			m->run[m->nr++] = index;
			return;
		}
	}
	free_slow(w, c, index, order);
}

static void spill_cpu(struct bfn_window *w, struct bfn_cpu *c)
{
	unsigned int order;

	for (order = 0; order < BFN_CACHED_ORDERS; order++) {
		spill(w, c->of[order].loaded, order);
		spill(w, c->of[order].spare, order);
	}
	bfn_chunk_disown(w, c);
}

/* Interrupts are off for a magazine at a time. */
static bool spill_full(struct bfn_window *w, unsigned int order)
{
	struct bfn_magazine *m;
	unsigned long flags;

	local_irq_save(flags);
	bfn_lock(w);
	m = take_full(w, order);
	bfn_unlock(w);
	if (m)
		spill(w, m, order);
	local_irq_restore(flags);
	kfree(m);

	return m;
}

static void free_empty(struct bfn_window *w)
{
	struct bfn_magazine *m, *next;
	unsigned long flags;

	local_irq_save(flags);
	bfn_lock(w);
	m = w->empty;
	w->empty = NULL;
	bfn_unlock(w);
	local_irq_restore(flags);
	for (; m; m = next) {
		next = m->next;
		kfree(m);
	}
}

/**
 * bfn_reclaim - give back what this CPU and the depot keep
 * @w: the window
 *
 * So runs join to larger runs, and unused chunks go.
 *
 * Context: any but NMI. Interrupts are off for a part at a time.
 */
void bfn_reclaim(struct bfn_window *w)
{
	unsigned long flags;
	unsigned int order;

	local_irq_save(flags);
	spill_cpu(w, this_cpu_ptr(w->cpu));
	local_irq_restore(flags);
	for (order = 0; order < BFN_CACHED_ORDERS; order++)
		while (spill_full(w, order))
			;
	free_empty(w);
	local_irq_save(flags);
	bfn_lock(w);
	bfn_chunk_trim(w, 0);
	bfn_unlock(w);
	local_irq_restore(flags);
}

/**
 * bfn_cpu_dead - take over all runs of a CPU that went offline
 * @w: the window
 * @cpu: the CPU, which does not run
 *
 * Context: interrupts off.
 */
void bfn_cpu_dead(struct bfn_window *w, unsigned int cpu)
{
	spill_cpu(w, per_cpu_ptr(w->cpu, cpu));
}

/* Keep the runs of a magazine that are of other chunks. */
static void evict(struct bfn_window *w, struct bfn_magazine *m,
		  unsigned long nr, unsigned int order)
{
	unsigned int i, kept = 0;

	for (i = 0; i < m->nr; i++)
		if (m->run[i] >> BFN_CHUNK_ORDER == nr)
			bfn_chunk_free(w, m->run[i], order);
		else
			m->run[kept++] = m->run[i];
	m->nr = kept;
}

/**
 * bfn_table_missing - Xen has no memory for the table of a run's chunks
 * @w: the window
 * @bfn: first BFN of the run, which is free again
 * @order: of the run
 *
 * This CPU's next runs are in other chunks. As long as Xen is short, these chunks
 * have a table.
 *
 * Context: interrupts off.
 */
void bfn_table_missing(struct bfn_window *w, u64 bfn, unsigned int order)
{
	unsigned long nr = (bfn - w->start) >> BFN_CHUNK_ORDER;
	struct bfn_cpu *c = this_cpu_ptr(w->cpu);
	struct bfn_chunk *chunk;
	unsigned int i;

	bfn_lock(w);
	bfn_tables_forget(w, nr, order > BFN_CHUNK_ORDER ?
				 BIT(order - BFN_CHUNK_ORDER) : 1);
	chunk = rcu_dereference_protected(w->chunk[nr],
					  lockdep_is_held(&w->lock));
	if (chunk)
		chunk->barred = true;
	bfn_unlock(w);
	for (i = 0; i < BFN_CACHED_ORDERS; i++) {
		evict(w, c->of[i].loaded, nr, i);
		evict(w, c->of[i].spare, nr, i);
	}
	if (chunk && c->chunk == chunk)
		bfn_chunk_disown(w, c);
	bfn_tables_ask(w);
}

static int magazines_new(struct bfn_cpu *c)
{
	unsigned int order;

	for (order = 0; order < BFN_CACHED_ORDERS; order++) {
		c->of[order].capacity = capacity(order);
		c->of[order].loaded = magazine_new(GFP_KERNEL);
		c->of[order].spare = magazine_new(GFP_KERNEL);
		if (!c->of[order].loaded || !c->of[order].spare)
			return -ENOMEM;
	}

	return 0;
}

static void magazines_free(struct bfn_cpu *c)
{
	unsigned int order;

	for (order = 0; order < BFN_CACHED_ORDERS; order++) {
		kfree(c->of[order].loaded);
		kfree(c->of[order].spare);
	}
}

/* One a chunk. */
static unsigned long *bits_new(const struct bfn_window *w)
{
	return kvcalloc(BITS_TO_LONGS(w->nr_chunks), sizeof(long), GFP_KERNEL);
}

/**
 * bfn_window_init - make a window of free BFNs
 * @w: the window
 * @start: first BFN, a multiple of 512
 * @nr: number of BFNs, a multiple of 512, below 2^32
 *
 * Return: 0 or -ENOMEM.
 */
int bfn_window_init(struct bfn_window *w, u64 start, unsigned long nr)
{
	int cpu;

	*w = (struct bfn_window){
		.start = start,
		.nr = nr,
		.nr_chunks = nr >> BFN_CHUNK_ORDER,
		.nr_open = nr >> BFN_CHUNK_ORDER,
	};
	spin_lock_init(&w->lock);
	INIT_LIST_HEAD(&w->partial);
	w->used = bits_new(w);
	w->tables = bits_new(w);
	w->shut = bits_new(w);
	w->chunk = kvcalloc(w->nr_chunks, sizeof(*w->chunk), GFP_KERNEL);
	w->cpu = alloc_percpu(struct bfn_cpu);
	if (!w->used || !w->tables || !w->shut || !w->chunk || !w->cpu)
		goto fail;
	bitmap_set(w->shut, 0, w->nr_chunks);
	for_each_possible_cpu(cpu)
		if (magazines_new(per_cpu_ptr(w->cpu, cpu)))
			goto fail;

	return 0;

fail:
	bfn_window_destroy(w);

	return -ENOMEM;
}

/* No BFN of the new window can be had until the window is opened. */
void bfn_window_close(struct bfn_window *w)
{
	bitmap_set(w->used, 0, w->nr_chunks);
	w->nr_open = 0;
}

/**
 * bfn_window_open - let BFNs of a closed window be allocated
 * @w: the window
 * @bfn: the first, a multiple of 512
 * @nr: how many, likewise
 */
void bfn_window_open(struct bfn_window *w, u64 bfn, unsigned long nr)
{
	unsigned long flags;

	local_irq_save(flags);
	bfn_lock(w);
	bitmap_clear(w->used, (bfn - w->start) >> BFN_CHUNK_ORDER,
		     nr >> BFN_CHUNK_ORDER);
	WRITE_ONCE(w->nr_open, w->nr_open + (nr >> BFN_CHUNK_ORDER));
	bfn_unlock(w);
	local_irq_restore(flags);
}

/* The caller makes sure that no allocation or free comes any more. */
void bfn_window_destroy(struct bfn_window *w)
{
	unsigned int order;
	int cpu;

	if (w->chunk)
		bfn_chunks_destroy(w);
	if (w->cpu)
		for_each_possible_cpu(cpu)
			magazines_free(per_cpu_ptr(w->cpu, cpu));
	for (order = 0; order < BFN_CACHED_ORDERS; order++)
		while (w->depot[order].nr)
			kfree(w->depot[order].full[--w->depot[order].nr]);
	free_empty(w);
	free_percpu(w->cpu);
	kvfree(w->chunk);
	kvfree(w->shut);
	kvfree(w->tables);
	kvfree(w->used);
	*w = (struct bfn_window){ .start = 0 };
}

/* BFNs that are allocated; a little off while CPUs work. */
long bfn_in_use(struct bfn_window *w)
{
	unsigned int order;
	struct bfn_cpu *c;
	long sum = 0;
	int cpu;

	if (!w->nr)
		return 0;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(w->cpu, cpu);
		sum += READ_ONCE(c->in_use);
		for (order = 0; order < BFN_CACHED_ORDERS; order++)
			sum += READ_ONCE(c->of[order].in_use) * (long)BIT(order);
	}

	return sum;
}
