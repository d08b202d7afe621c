/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * BFN allocator: runs of 2^order BFNs, aligned to their size, from a window.
 * The allocator knows neither Xen nor DMA, and the same files are compiled in
 * userspace. docs/bfn-allocator.md has a drawing.
 *
 *   magazines   a CPU's own, by order: pop and push, no lock, no atomic
 *   depot       full magazines that CPUs exchange: a lock a magazine
 *   chunks      512 BFNs, one of Xen's leaf tables, owned by one CPU at a time
 */
#ifndef _XEN_PVIOMMU_BFN_H
#define _XEN_PVIOMMU_BFN_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define BFN_NONE		(~0ULL)

/* A chunk is the reach of one leaf table. */
#define BFN_CHUNK_ORDER		9
#define BFN_CHUNK_SIZE		BIT(BFN_CHUNK_ORDER)
#define BFN_CHUNK_WORDS		(BFN_CHUNK_SIZE / BITS_PER_LONG)

/* Runs of 1 to 32 BFNs come from magazines. */
#define BFN_CACHED_ORDERS	6

/* Makes a magazine 512 bytes; tests have tiny ones. */
#ifndef BFN_MAGAZINE_SIZE
#define BFN_MAGAZINE_SIZE	124
#endif

/* The depot's limit of full magazines of one order. */
#define BFN_DEPOT_SIZE		32

struct bfn_magazine {
	unsigned int nr;
	struct bfn_magazine *next;		/* of those in w->empty */
	u32 run[BFN_MAGAZINE_SIZE];		/* first BFN, from w->start */
};

enum bfn_chunk_state {
	BFN_CHUNK_OWNED,	/* one CPU takes from the chunk */
	BFN_CHUNK_FULL,		/* nobody's; the first free lists it */
	BFN_CHUNK_LISTED,	/* in w->partial, to be owned or retired */
	BFN_CHUNK_LARGE,	/* of a run of whole chunks: the chunk with its slot */
};

struct bfn_chunk {
	/* A set bit is free. Only the owner clears bits, anyone sets them. */
	atomic_long_t free[BFN_CHUNK_WORDS];
	u64 *slot;			/* a page: see bfn_slot() */
	enum bfn_chunk_state state;	/* changes under w->lock */
	bool barred;			/* no table could be had; under w->lock */
	unsigned long id;		/* its index in w->chunk[] */
	struct list_head node;		/* in w->partial */
	struct rcu_head rcu;
};

/* Of one order. The fast path needs 32 bytes. */
struct bfn_cache {
	struct bfn_magazine *loaded, *spare;
	long in_use;			/* runs allocated less freed, here */
	unsigned int capacity;		/* of a magazine */
};

struct bfn_cpu {
	struct bfn_cache of[BFN_CACHED_ORDERS];
	struct bfn_chunk *chunk;	/* the CPU's own, or NULL */
	long in_use;			/* BFNs of larger runs, likewise */
};

struct bfn_window {
	u64 start;			/* first BFN */
	unsigned long nr;		/* BFNs; 0: there is no such window */
	struct bfn_cpu __percpu *cpu;
	struct bfn_chunk __rcu **chunk;	/* by number; NULL: not in use */

	spinlock_t lock ____cacheline_aligned_in_smp; /* protects all below */
	unsigned long locked;		/* how often that was taken */
	unsigned long nr_chunks;
	unsigned long *used;		/* a bit a chunk; a closed chunk is used */
	unsigned long *tables;		/* likewise: it has a leaf table */
	unsigned long *shut;		/* likewise: used, or without a table */
	unsigned long nr_used, nr_spare, nr_open;	/* spare: not shut */
	bool starved;			/* Xen has no memory for tables */
	void (*ask_tables)(void);	/* for the reserve of tables, or NULL */
	unsigned long few;		/* unused chunks that make us ask, or 0 */
	void (*ask_chunks)(void);	/* for more of them to be opened */
	struct list_head partial;
	unsigned long nr_partial;
	unsigned long trim_at;		/* nr_partial that makes us look */
	struct bfn_magazine *empty;
	struct {
		unsigned int nr;
		struct bfn_magazine *full[BFN_DEPOT_SIZE];
	} depot[BFN_CACHED_ORDERS];
};

/* Interrupts are off, or no other CPU is left. */
static inline void bfn_lock(struct bfn_window *w)
{
	spin_lock(&w->lock);
	w->locked++;
}

static inline void bfn_unlock(struct bfn_window *w)
{
	spin_unlock(&w->lock);
}

/*
 * The caller's slot of an allocated BFN: 0 before its first use, and not
 * touched by the allocator. All three on an RCU read side, as interrupts off
 * are.
 */

/* The address of the slot. */
static inline u64 *bfn_slot_of(struct bfn_window *w, u64 bfn)
{
	unsigned long index = bfn - w->start;
	struct bfn_chunk *chunk;

	chunk = rcu_dereference_sched(w->chunk[index >> BFN_CHUNK_ORDER]);

	return &chunk->slot[index & (BFN_CHUNK_SIZE - 1)];
}

/* The same of any BFN of the window: NULL when nothing near it is allocated. */
static inline u64 *bfn_slot(struct bfn_window *w, u64 bfn)
{
	unsigned long index = bfn - w->start;
	struct bfn_chunk *chunk;

	chunk = rcu_dereference_sched(w->chunk[index >> BFN_CHUNK_ORDER]);
	if (unlikely(!chunk))
		return NULL;

	return &chunk->slot[index & (BFN_CHUNK_SIZE - 1)];
}

/* Read and clear it: 0, too, when nothing near the BFN is allocated. */
static inline u64 bfn_slot_take(struct bfn_window *w, u64 bfn)
{
	unsigned long index = bfn - w->start;
	struct bfn_chunk *chunk;
	u64 slot;

	chunk = rcu_dereference_sched(w->chunk[index >> BFN_CHUNK_ORDER]);
	if (unlikely(!chunk))
		return 0;
	index &= BFN_CHUNK_SIZE - 1;
	slot = chunk->slot[index];
	if (likely(slot))
		chunk->slot[index] = 0;

	return slot;
}

/* bfn.c */
int bfn_window_init(struct bfn_window *w, u64 start, unsigned long nr);
void bfn_window_destroy(struct bfn_window *w);
u64 bfn_alloc(struct bfn_window *w, unsigned int order);
void bfn_free(struct bfn_window *w, u64 bfn, unsigned int order);
void bfn_reclaim(struct bfn_window *w);
void bfn_cpu_dead(struct bfn_window *w, unsigned int cpu);
void bfn_table_missing(struct bfn_window *w, u64 bfn, unsigned int order);
long bfn_in_use(struct bfn_window *w);
void bfn_window_close(struct bfn_window *w);
void bfn_window_open(struct bfn_window *w, u64 bfn, unsigned long nr);

/* chunk.c */
unsigned int bfn_chunk_carve(struct bfn_window *w, struct bfn_cpu *c,
			     unsigned int order, u32 *run, unsigned int nr);
void bfn_chunk_free(struct bfn_window *w, unsigned long index,
		    unsigned int order);
void bfn_chunk_disown(struct bfn_window *w, struct bfn_cpu *c);
void bfn_chunk_trim(struct bfn_window *w, unsigned int keep);
u64 bfn_large_alloc(struct bfn_window *w, unsigned int order);
void bfn_large_begin(struct bfn_window *w, u64 start, u64 bfn);
void bfn_large_free(struct bfn_window *w, unsigned long index,
		    unsigned int order);
void bfn_chunks_destroy(struct bfn_window *w);

/* table.c */
void bfn_tables_taken(struct bfn_window *w, unsigned long first,
		      unsigned long nr);
void bfn_tables_left(struct bfn_window *w, unsigned long first,
		     unsigned long nr);
void bfn_tables_ask(struct bfn_window *w);
u64 bfn_table_borrow(struct bfn_window *w);
void bfn_table_return(struct bfn_window *w, u64 bfn, bool has);
void bfn_tables_forget(struct bfn_window *w, unsigned long first,
		       unsigned long nr);

#endif /* _XEN_PVIOMMU_BFN_H */
