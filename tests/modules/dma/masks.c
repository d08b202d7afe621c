// SPDX-License-Identifier: GPL-2.0-only
/* Devices that drive less than 64 address bits. */
#include <linux/gfp.h>
#include <linux/slab.h>
#include "dma_test.h"

#define BUFFER		SZ_1M
#define BUFFERS		2000

/* One block of memory, mapped as often as it takes. Return: how often. */
static unsigned int map_many(struct dma_test *t, struct page *block,
			     dma_addr_t *addr, unsigned int step,
			     dma_addr_t *highest)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i += step) {
		addr[i] = dma_map_page(t->dev, block, 0, BUFFER,
				       DMA_BIDIRECTIONAL);
		if (dma_mapping_error(t->dev, addr[i]))
			break;
		*highest = max(*highest, addr[i] + BUFFER - 1);
	}

	return i;
}

static void unmap_many(struct dma_test *t, const dma_addr_t *addr,
		       unsigned int nr, unsigned int step)
{
	unsigned int i;

	for (i = 0; i < nr; i += step)
		dma_unmap_page(t->dev, addr[i], BUFFER, DMA_BIDIRECTIONAL);
}

static void one_mask(struct dma_test *t, struct page *block, dma_addr_t *addr,
		     unsigned int bits)
{
	dma_addr_t highest = 0;
	unsigned int nr;

	if (!check(t, !dma_set_mask_and_coherent(t->dev, DMA_BIT_MASK(bits)),
		   "a mask of %u bits", bits))
		return;
	nr = map_many(t, block, addr, 1, &highest);
	check(t, nr == BUFFERS, "%u bits: %u MiB are mapped", bits, nr);
	check(t, highest <= DMA_BIT_MASK(bits), "%u bits: up to %pad", bits,
	      &highest);
	unmap_many(t, addr, nr, 2);
	check(t, map_many(t, block, addr, 2, &highest) >= nr,
	      "%u bits: every other one once more", bits);
	unmap_many(t, addr, nr, 1);
}

void group_masks(struct dma_test *t)
{
	static const unsigned int bits[] = { 34, 35, 36, 37, 39, 40, 44, 48,
					     63, 64 };
	dma_addr_t *addr = kvcalloc(BUFFERS, sizeof(*addr), GFP_KERNEL);
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_COMP,
					 get_order(BUFFER));
	unsigned int i;

	if (check(t, addr && block, "memory")) {
		for (i = 0; i < ARRAY_SIZE(bits); i++)
			one_mask(t, block, addr, bits[i]);
	}
	dma_set_mask_and_coherent(t->dev, DMA_BIT_MASK(64));
	if (block)
		__free_pages(block, get_order(BUFFER));
	kvfree(addr);
}
