// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs of dma_map_page() and dma_unmap_page(), as a network driver makes them:
 * with bottom halves off and interrupts on.
 *
 * Each loop exists twice, with and without the calls. The second loop reads the
 * clock as often; the reader subtracts its cost.
 */
#include <linux/bottom_half.h>
#include <linux/minmax.h>
#include "bench.h"

/* The buffers in flight of a ring. */
#define IN_FLIGHT	256

/* Pairs between two readings of the clock: they take less than a timer tick. */
static unsigned int round_of(const struct bench_work *w)
{
	return max(32U, 256 / w->size);
}

/*
 * Large buffers have fewer pairs, as they take longer. A lazy IOMMU's flushes, one
 * in 256 pairs, must still come often enough for their average.
 */
static unsigned int rounds_of(const struct bench_work *w)
{
	return max(2048U, bench_pairs / w->size) / round_of(w);
}

static __always_inline void map(struct bench *b, unsigned int i, size_t len,
				bool real)
{
	struct page *page = READ_ONCE(b->page[i]);

	if (!real) {
		barrier_data(page);
		return;
	}
	b->addr[i] = dma_map_page(b->dev, page, 0, len, DMA_BIDIRECTIONAL);
	if (unlikely(dma_mapping_error(b->dev, b->addr[i])))
		b->failed++;
}

static __always_inline void unmap(struct bench *b, unsigned int i, size_t len,
				  bool real)
{
	dma_addr_t addr = READ_ONCE(b->addr[i]);

	if (real)
		dma_unmap_page(b->dev, addr, len, DMA_BIDIRECTIONAL);
}

static __always_inline void pair_loop(struct bench *b,
				      const struct bench_work *w,
				      struct bench_clock *c, bool real)
{
	unsigned int i, r, n = round_of(w), at = 0, rounds = rounds_of(w);
	size_t len = w->size * PAGE_SIZE;

	for (r = 0; r < rounds; r++) {
		local_bh_disable();
		bench_start(c);
		for (i = 0; i < n; i++) {
			map(b, at, len, real);
			unmap(b, at, len, real);
			if (++at == w->count)
				at = 0;
		}
		bench_stop(c, n);
		local_bh_enable();
	}
}

/* Each buffer is mapped and at once unmapped. */
void bench_pair(struct bench *b, const struct bench_work *w, struct seq_file *m)
{
	struct bench_clock pair = {}, empty = {};

	bench_buffers(b, w->size, w->count);
	bench_mark(b, true);
	pair_loop(b, w, &pair, true);
	bench_mark(b, false);
	pair_loop(b, w, &empty, false);
	seq_printf(m, "pairs %u\n", rounds_of(w) * round_of(w));
	bench_show(m, "pair", &pair);
	bench_show(m, "empty", &empty);
}

/* How often all buffers have their turn. */
static unsigned int turns_of(const struct bench_work *w)
{
	return max(2048U, bench_pairs / w->size) / w->count;
}

static __always_inline void apart_loop(struct bench *b,
				       const struct bench_work *w,
				       struct bench_clock *mc,
				       struct bench_clock *uc, bool real)
{
	unsigned int i, r, rounds = turns_of(w);
	size_t len = w->size * PAGE_SIZE;

	for (r = 0; r < rounds; r++) {
		local_bh_disable();
		bench_start(mc);
		for (i = 0; i < w->count; i++)
			map(b, i, len, real);
		bench_stop(mc, w->count);
		bench_start(uc);
		for (i = 0; i < w->count; i++)
			unmap(b, i, len, real);
		bench_stop(uc, w->count);
		local_bh_enable();
	}
}

/* All buffers are mapped, then all are unmapped: the cost of each half. */
void bench_apart(struct bench *b, const struct bench_work *w,
		 struct seq_file *m)
{
	struct bench_clock mc = {}, uc = {}, empty_m = {}, empty_u = {};

	bench_buffers(b, w->size, w->count);
	bench_mark(b, true);
	apart_loop(b, w, &mc, &uc, true);
	bench_mark(b, false);
	apart_loop(b, w, &empty_m, &empty_u, false);
	seq_printf(m, "pairs %u\n", turns_of(w) * w->count);
	bench_show(m, "map", &mc);
	bench_show(m, "unmap", &uc);
	bench_show(m, "empty_map", &empty_m);
	bench_show(m, "empty_unmap", &empty_u);
}

static __always_inline void ring_loop(struct bench *b,
				      const struct bench_work *w,
				      struct bench_clock *c, bool real)
{
	unsigned int i, r, n = round_of(w), rounds = rounds_of(w);
	unsigned int head = IN_FLIGHT, tail = 0;
	size_t len = w->size * PAGE_SIZE;

	for (i = 0; i < IN_FLIGHT; i++)
		map(b, i, len, real);
	for (r = 0; r < rounds; r++) {
		local_bh_disable();
		bench_start(c);
		for (i = 0; i < n; i++) {
			unmap(b, tail, len, real);
			map(b, head, len, real);
			if (++tail == w->count)
				tail = 0;
			if (++head == w->count)
				head = 0;
		}
		bench_stop(c, n);
		local_bh_enable();
	}
	for (i = 0; i < IN_FLIGHT; i++) {
		unmap(b, tail, len, real);
		if (++tail == w->count)
			tail = 0;
	}
}

/* A receive ring: the oldest buffer goes, another buffer takes its place. */
void bench_ring(struct bench *b, const struct bench_work *w, struct seq_file *m)
{
	struct bench_clock pair = {}, empty = {};

	bench_buffers(b, w->size, w->count);
	bench_mark(b, true);
	ring_loop(b, w, &pair, true);
	bench_mark(b, false);
	ring_loop(b, w, &empty, false);
	seq_printf(m, "pairs %u\n", rounds_of(w) * round_of(w) + IN_FLIGHT);
	bench_show(m, "pair", &pair);
	bench_show(m, "empty", &empty);
}
