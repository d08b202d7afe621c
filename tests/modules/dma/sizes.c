// SPDX-License-Identifier: GPL-2.0-only
/* Nothing, as much as was promised, and far more. */
#include <linux/gfp.h>
#include <linux/sched.h>
#include "dma_test.h"

/* More than failures in a row make a device go to another path. */
#define TIMES	20

static void buffers_of_nothing(struct dma_test *t, u8 *page)
{
	unsigned int i, failed = 0;
	dma_addr_t addr;

	for (i = 0; i < TIMES; i++) {
		addr = dma_map_single(t->dev, page + i * 100, 0, DMA_TO_DEVICE);
		if (dma_mapping_error(t->dev, addr)) {
			failed++;
			continue;
		}
		dma_unmap_single(t->dev, addr, 0, DMA_TO_DEVICE);
	}
	check(t, !failed, "%u buffers of 0 bytes", TIMES);
}

static void lists_of_nothing(struct dma_test *t, u8 *page, unsigned int nents)
{
	unsigned int i, k, failed = 0;
	struct scatterlist sg[3];
	int n;

	for (i = 0; i < TIMES; i++) {
		sg_init_table(sg, nents);
		for (k = 0; k < nents; k++)
			sg_set_buf(&sg[k], page + k * 8, 0);
		n = dma_map_sg(t->dev, sg, nents, DMA_BIDIRECTIONAL);
		if (n <= 0 || sg_dma_len(&sg[0])) {
			failed++;
			continue;
		}
		dma_unmap_sg(t->dev, sg, nents, DMA_BIDIRECTIONAL);
	}
	check(t, !failed, "%u lists of %u empty entries", TIMES, nents);
}

static void resource(struct dma_test *t, size_t size)
{
	phys_addr_t bar = pci_resource_start(t->pdev, 0);
	unsigned int i, failed = 0;
	dma_addr_t addr;

	for (i = 0; i < TIMES; i++) {
		addr = dma_map_resource(t->dev, bar, size, DMA_BIDIRECTIONAL,
					0);
		if (dma_mapping_error(t->dev, addr)) {
			failed++;
			continue;
		}
		dma_unmap_resource(t->dev, addr, size, DMA_BIDIRECTIONAL, 0);
	}
	check(t, !failed, "a BAR, %zu bytes", size);
}

void group_nothing(struct tap *tap)
{
	struct dma_test *t = tap->subject;
	u8 *page = (void *)get_zeroed_page(GFP_KERNEL);
	dma_addr_t addr;

	if (!check(t, page, "a page"))
		return;
	buffers_of_nothing(t, page);
	lists_of_nothing(t, page, 1);
	lists_of_nothing(t, page, 3);
	resource(t, 0);
	resource(t, pci_resource_len(t->pdev, 0));
	addr = dma_map_single(t->dev, page, 1000, DMA_BIDIRECTIONAL);
	if (check(t, !dma_mapping_error(t->dev, addr), "and then a buffer")) {
		check(t, arrives(t, addr, page), "the device reaches it");
		dma_unmap_single(t->dev, addr, 1000, DMA_BIDIRECTIONAL);
	}
	free_page((unsigned long)page);
}

/* As much as the device was promised, in a block without neighbours in Xen. */
static void one_promise(struct dma_test *t, size_t size)
{
	struct page *block = alloc_pages(GFP_KERNEL, get_order(size));
	dma_addr_t addr;
	u8 *end;

	if (!check(t, block, "a block of %zu bytes", size))
		return;
	end = page_address(block) + size - SZ_1K;
	addr = dma_map_page(t->dev, block, 0, size, DMA_BIDIRECTIONAL);
	if (check(t, !dma_mapping_error(t->dev, addr), "%zu bytes are mapped",
		  size)) {
		bool good = arrives(t, addr + size - SZ_1K, end);

		dma_sync_single_for_cpu(t->dev, addr, size, DMA_BIDIRECTIONAL);
		check(t, good || !memcmp(end, t->bounce_at, 512),
		      "the device reaches their end");
		dma_unmap_page(t->dev, addr, size, DMA_BIDIRECTIONAL);
	}
	__free_pages(block, get_order(size));
}

/* With a promised boundary, entries that end there are one segment. */
static void one_boundary(struct dma_test *t, unsigned long boundary)
{
	struct pool *pool = pool_get(0, 64);
	struct sg_table table;

	if (!check(t, pool, "pages"))
		return;
	if (!pool_list(pool, &table, 64 * PAGE_SIZE)) {
		int err = dma_map_sgtable(t->dev, &table, DMA_BIDIRECTIONAL, 0);

		check(t, !err && list_bytes(&table) == 64 * PAGE_SIZE,
		      "64 scattered pages are mapped");
		check(t, !boundary || table.nents == 1,
		      "as one segment if that is promised: %u", table.nents);
		if (!err)
			dma_unmap_sgtable(t->dev, &table, DMA_BIDIRECTIONAL, 0);
		sg_free_table(&table);
	}
	pool_put(pool);
}

void group_promises(struct tap *tap)
{
	struct dma_test *t = tap->subject;
	size_t max = dma_max_mapping_size(t->dev);
	size_t best = dma_opt_mapping_size(t->dev);
	unsigned long boundary = dma_get_merge_boundary(t->dev);

	seq_printf(t->tap->m, "# largest %zu, best %zu, boundary %lu\n", max, best,
		   boundary);
	check(t, max && max <= UINT_MAX, "max_mapping_size is an unsigned int");
	check(t, best == SZ_128K, "opt_mapping_size is 128 KiB");
	one_promise(t, max);
	one_promise(t, best);
	one_boundary(t, boundary);
}

static void one_large(struct dma_test *t, unsigned int order, u64 bytes)
{
	struct pool *pool = pool_get(order, order ? 8 : 1024);
	struct sg_table table;
	struct scatterlist *sg;
	struct page *last;
	int err;

	if (!check(t, pool, "blocks of order %u", order))
		return;
	err = pool_list(pool, &table, bytes);
	if (err)
		goto out;
	err = dma_map_sgtable(t->dev, &table, DMA_BIDIRECTIONAL, 0);
	if (!check(t, !err, "%llu MiB of blocks of order %u: %d", bytes >> 20,
		   order, err))
		goto table;
	check(t, list_bytes(&table) == bytes, "all of it, in %u segments",
	      table.nents);
	last = pool->block[((table.orig_nents - 1) * 7ULL) % pool->nr];
	for (sg = table.sgl, err = 1; err < table.nents; err++)
		sg = sg_next(sg);
	check(t, arrives(t, sg_dma_address(sg) + sg_dma_len(sg) - SZ_1K,
			 page_address(last) + (PAGE_SIZE << order) - SZ_1K),
	      "the device reaches its end");
	dma_unmap_sgtable(t->dev, &table, DMA_BIDIRECTIONAL, 0);
table:
	sg_free_table(&table);
out:
	pool_put(pool);
}

void group_large(struct tap *tap)
{
	struct dma_test *t = tap->subject;

	one_large(t, 0, 600 * (u64)SZ_1M);
	one_large(t, 8, 600 * (u64)SZ_1M);
	one_large(t, 10, SZ_2G);
}

/*
 * A page table can't be written by a device. Where there is no other path the
 * list fails as a whole.
 */
static void one_refused(struct dma_test *t, unsigned int order, u64 bytes,
			unsigned int gap)
{
	u64 boundary = dma_get_seg_boundary(t->dev);
	struct pool *pool = pool_get(order, order ? 8 : 1024);
	struct scatterlist *sg;
	struct sg_table table;
	int err;

	if (!check(t, pool, "blocks of order %u", order))
		return;
	if (!pool_list(pool, &table, bytes)) {
		for_each_sgtable_sg(&table, sg, err)
			sg->length -= gap;
		sg_set_buf(sg_last(table.sgl, table.orig_nents),
			   current->mm->pgd, PAGE_SIZE);
		if (gap)
			dma_set_seg_boundary(t->dev, SZ_64K - 1);
		err = dma_map_sgtable(t->dev, &table, DMA_FROM_DEVICE, 0);
		dma_set_seg_boundary(t->dev, boundary);
		check(t, err, "a page table behind %llu MiB of order %u",
		      bytes >> 20, order);
		if (!err)
			dma_unmap_sgtable(t->dev, &table, DMA_FROM_DEVICE, 0);
		sg_free_table(&table);
	}
	pool_put(pool);
}

void group_refused(struct tap *tap)
{
	struct dma_test *t = tap->subject;

	one_refused(t, 0, 300 * (u64)SZ_1M, 0);
	one_refused(t, 8, 600 * (u64)SZ_1M, 0);
	/* Entries of three quarters of 16 pages leave gaps. */
	one_refused(t, 4, 40 * (u64)SZ_1M, 4 * PAGE_SIZE);
}
