// SPDX-License-Identifier: GPL-2.0-only
/* Buffers and coherent memory: the right bytes through every kind of map. */
#include <linux/gfp.h>
#include <asm/xen/page.h>
#include "edu.h"

static void check_coherent(struct edu *edu, struct bounce *b)
{
	struct bounce c;
	u8 *end;

	c.at = dma_alloc_coherent(edu->dev, 4 * PAGE_SIZE, &c.addr, GFP_KERNEL);
	if (!check(edu, c.at, "four coherent pages"))
		return;
	fill(edu);
	memcpy(c.at, edu->want, ENGINE_MAX);
	reads(edu, "coherent", c.addr, c.at, ENGINE_MAX, b->addr, b->at);
	writes(edu, "coherent", c.addr, c.at, ENGINE_MAX, b->addr, b->at);
	end = c.at + 4 * PAGE_SIZE - 2000;
	memcpy(end, edu->want, 2000);
	reads(edu, "coherent, its end", c.addr + 4 * PAGE_SIZE - 2000, end,
	      2000, b->addr, b->at);
	writes(edu, "coherent, over a page's end", c.addr + 2 * PAGE_SIZE - 1000,
	       c.at + 2 * PAGE_SIZE - 1000, 2000, b->addr, b->at);
	dma_free_coherent(edu->dev, 4 * PAGE_SIZE, c.at, c.addr);
}

/* One streaming map of LEN bytes at OFF of four pages, in direction DIR. */
static void streaming(struct edu *edu, struct bounce *b, u8 *pages, u32 off,
		      u32 len, enum dma_data_direction dir)
{
	static const char * const names[] = { "both ways", "to the device",
					      "from the device" };
	const char *name = names[dir];
	dma_addr_t addr;
	bool good;

	fill(edu);
	memcpy(pages + off, edu->want, len);
	addr = dma_map_single(edu->dev, pages + off, len, dir);
	good = !dma_mapping_error(edu->dev, addr) &&
	       offset_in_page(addr) == offset_in_page(off);
	if (!check(edu, good, "%s: map of %u bytes at offset %u", name, len,
		   off))
		return;
	if (dir != DMA_FROM_DEVICE)
		reads(edu, name, addr, edu->want, len, b->addr, b->at);
	/* The CPU sees the byte behind the unmap, or behind a sync. */
	if (dir != DMA_TO_DEVICE) {
		fill(edu);
		memcpy(b->at, edu->want, len);
		good = !edu_dma(edu, b->addr, 0, len, false) &&
		       !edu_dma(edu, addr, 0, len, true);
		check(edu, good, "%s: the device writes %u bytes", name, len);
		dma_sync_single_for_cpu(edu->dev, addr, len, dir);
		check(edu, !memcmp(pages + off, edu->want, len),
		      "%s: sync shows the bytes", name);
		dma_sync_single_for_device(edu->dev, addr, len, dir);
	}
	dma_unmap_single(edu->dev, addr, len, dir);
	check(edu, !memcmp(pages + off, edu->want, len),
	      "%s: the bytes behind unmap", name);
}

/* Maps of one page many times over: aliases and reuse of addresses. */
static void check_many(struct edu *edu, struct bounce *b, u8 *page)
{
	dma_addr_t first = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_addr_t second = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);

	writes(edu, "the first map", first, page, 512, b->addr, b->at);
	unmap(edu, first, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "the second map, without the first", second, page, 512,
	       b->addr, b->at);
	unmap(edu, second, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

void group_dma(struct tap *tap)
{
	struct edu *edu = tap->subject;
	u8 *pages = (void *)__get_free_pages(GFP_KERNEL, 4);
	struct bounce b;

	if (!pages || bounce_get(edu, &b))
		return;
	check(edu, b.addr <= dma_get_mask(edu->dev), "%pad is below the mask",
	      &b.addr);
	seq_printf(edu->tap->m, "# bus address %pad, machine address 0x%llx\n",
		   &b.addr, (u64)virt_to_machine(b.at).maddr);
	check_coherent(edu, &b);
	streaming(edu, &b, pages, 0, ENGINE_MAX, DMA_BIDIRECTIONAL);
	streaming(edu, &b, pages, 1, 1, DMA_BIDIRECTIONAL);
	streaming(edu, &b, pages, 3000, 2000, DMA_BIDIRECTIONAL);
	streaming(edu, &b, pages, 4095, 2, DMA_TO_DEVICE);
	streaming(edu, &b, pages, 8192 + 17, 4000, DMA_TO_DEVICE);
	streaming(edu, &b, pages, 4000, 4088, DMA_FROM_DEVICE);
	streaming(edu, &b, pages, 64, 512, DMA_FROM_DEVICE);
	plain_list(edu, &b);
	check_many(edu, &b, pages);
	bounce_put(edu, &b);
	free_pages((unsigned long)pages, 4);
}
