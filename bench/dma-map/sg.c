// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatterlists of single pages. No two pages are neighbours, neither for the
 * kernel nor in the machine.
 */
#include <linux/bottom_half.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "bench.h"

#define LISTS	16

static struct scatterlist *lists_get(struct bench *b, unsigned int nents)
{
	struct scatterlist *sg;
	unsigned int i, j;

	sg = kvcalloc(LISTS * nents, sizeof(*sg), GFP_KERNEL);
	if (!sg)
		return NULL;
	for (i = 0; i < LISTS; i++) {
		sg_init_table(sg + i * nents, nents);
		for (j = 0; j < nents; j++)
			sg_set_page(sg + i * nents + j,
				    bench_scattered(b, i * nents + j),
				    PAGE_SIZE, 0);
	}
	return sg;
}

/* The reading of the clock is its only cost beside the two calls. */
void bench_sg(struct bench *b, const struct bench_work *w, struct seq_file *m)
{
	unsigned int r, rounds = max(64U, bench_pairs / w->size);
	struct scatterlist *lists = lists_get(b, w->size), *sg;
	struct bench_clock mc = {}, uc = {}, empty = {};

	if (!lists) {
		b->failed++;
		return;
	}
	bench_mark(b, true);
	for (r = 0; r < rounds; r++) {
		sg = lists + r % LISTS * w->size;
		local_bh_disable();
		bench_start(&mc);
		if (!dma_map_sg(b->dev, sg, w->size, DMA_BIDIRECTIONAL))
			b->failed++;
		bench_stop(&mc, 1);
		bench_start(&uc);
		dma_unmap_sg(b->dev, sg, w->size, DMA_BIDIRECTIONAL);
		bench_stop(&uc, 1);
		local_bh_enable();
	}
	bench_mark(b, false);
	for (r = 0; r < rounds; r++) {
		bench_start(&empty);
		bench_stop(&empty, 1);
	}
	kvfree(lists);
	seq_printf(m, "pairs %u\nentries %u\n", rounds, w->size);
	bench_show(m, "map", &mc);
	bench_show(m, "unmap", &uc);
	bench_show(m, "empty", &empty);
}
