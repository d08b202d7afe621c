// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists that are longer than memory: their entries are recurring blocks. A
 * page may be mapped many times.
 */
#include <linux/gfp.h>
#include <linux/slab.h>
#include "dma_test.h"

void pool_put(struct pool *pool)
{
	while (pool->nr)
		__free_pages(pool->block[--pool->nr], pool->order);
	kvfree(pool);
}

struct pool *pool_get(unsigned int order, unsigned int nr)
{
	struct pool *pool = kvzalloc(struct_size(pool, block, nr), GFP_KERNEL);

	if (!pool)
		return NULL;
	pool->order = order;
	for (; pool->nr < nr; pool->nr++) {
		pool->block[pool->nr] = alloc_pages(GFP_KERNEL | __GFP_COMP,
						    order);
		if (!pool->block[pool->nr]) {
			pool_put(pool);
			return NULL;
		}
	}

	return pool;
}

/* No two neighbours are neighbours in memory. */
int pool_list(struct pool *pool, struct sg_table *table, u64 bytes)
{
	unsigned int size = PAGE_SIZE << pool->order, at = 0;
	struct scatterlist *sg;
	int err, i;

	err = sg_alloc_table(table, bytes / size, GFP_KERNEL);
	if (err)
		return err;
	for_each_sg(table->sgl, sg, table->orig_nents, i) {
		sg_set_page(sg, pool->block[at], size, 0);
		at = (at + 7) % pool->nr;
	}

	return 0;
}

/* A mapped list as a device sees it. */
u64 list_bytes(const struct sg_table *table)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sg(table->sgl, sg, table->nents, i)
		bytes += sg_dma_len(sg);

	return bytes;
}
