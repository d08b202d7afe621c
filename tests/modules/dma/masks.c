// SPDX-License-Identifier: GPL-2.0-only
/* Devices of less than 64 address bits. */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "dma_test.h"

#define BUFFER		SZ_1M
#define BUFFERS		2000

/* One block of memory, mapped many times. Return: the number of maps. */
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

static unsigned int narrow_mb = 256;
module_param(narrow_mb, uint, 0444);
MODULE_PARM_DESC(narrow_mb, "least MiB for devices of 32 bits");

static unsigned int narrow_most = 512;
module_param(narrow_most, uint, 0444);
MODULE_PARM_DESC(narrow_most, "and at most");

/* There may be more room in a while. */
static dma_addr_t map_patiently(struct dma_test *t, struct page *block)
{
	unsigned int tries;
	dma_addr_t addr;

	for (tries = 0; tries < 10; tries++) {
		addr = dma_map_page(t->dev, block, 0, BUFFER,
				    DMA_BIDIRECTIONAL);
		if (!dma_mapping_error(t->dev, addr))
			break;
		msleep(20);
	}

	return addr;
}

static void fill(struct dma_test *t, struct page *block, dma_addr_t *addr)
{
	unsigned int nr;
	bool good = true;

	for (nr = 0; nr < BUFFERS; nr++) {
		addr[nr] = map_patiently(t, block);
		if (dma_mapping_error(t->dev, addr[nr]))
			break;
		good = good && addr[nr] + BUFFER - 1 <= DMA_BIT_MASK(32);
	}
	check(t, nr >= narrow_mb && nr <= narrow_most,
	      "a device of 32 bits has %u MiB, of %u to %u", nr, narrow_mb,
	      narrow_most);
	check(t, good, "below 4 GiB");
	unmap_many(t, addr, nr, 1);
}

/* A caller in process context need not try again. */
static void narrow_memory(struct dma_test *t, size_t size)
{
	dma_addr_t addr;
	void *at = dma_alloc_coherent(t->dev, size, &addr, GFP_KERNEL);

	if (check(t, at, "%zu MiB of coherent memory for it", size >> 20))
		dma_free_coherent(t->dev, size, at, addr);
}

void group_narrow(struct tap *tap)
{
	struct dma_test *t = tap->subject;
	dma_addr_t *addr = kvcalloc(BUFFERS, sizeof(*addr), GFP_KERNEL);
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_COMP,
					 get_order(BUFFER));
	int err = dma_set_mask_and_coherent(t->dev, DMA_BIT_MASK(32));

	if (check(t, addr && block && !err, "a mask of 32 bits")) {
		narrow_memory(t, SZ_64M);
		fill(t, block, addr);
		fill(t, block, addr);
	}
	dma_set_mask_and_coherent(t->dev, DMA_BIT_MASK(64));
	if (block)
		__free_pages(block, get_order(BUFFER));
	kvfree(addr);
}

void group_masks(struct tap *tap)
{
	struct dma_test *t = tap->subject;
	static const unsigned int bits[] = { 36, 37, 39, 40, 44, 48, 63, 64 };
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
