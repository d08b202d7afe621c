// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scattered memory behind one run of BFNs: for sizes too large for one block of the
 * buddy allocator, or without a block in fragmented memory. The kernel sees one range
 * of virtual addresses.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "base.h"
#include "compat.h"
#include "dma.h"
#include "dispatch.h"

/* Larger blocks spare nothing: a chunk is a leaf table of the IOMMU. */
#define MAX_BLOCK_ORDER		BFN_CHUNK_ORDER

/* The largest block that is there, of up to 2^@order pages. */
static struct page *block_alloc(int nid, gfp_t gfp, unsigned int *order)
{
	struct page *page;

	while (*order) {
		page = alloc_pages_node(nid, gfp | __GFP_NORETRY | __GFP_NOWARN,
					*order);
		if (page) {
			split_page(page, *order);
			return page;
		}
		--*order;
	}

	return alloc_pages_node(nid, gfp, 0);
}

static void pages_free(struct page **pages, unsigned long nr)
{
	while (nr--)
		__free_page(pages[nr]);
	kvfree(pages);
}

/* Zeroed pages in blocks of up to 2^@order, each page with its reference. */
static struct page **pages_alloc(struct device *dev, unsigned long nr, gfp_t gfp,
				 unsigned int order)
{
	unsigned long i = 0, end;
	struct page **pages, *page;

	if (!nr || nr > totalram_pages())
		return NULL;
	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	gfp = (gfp & ~__GFP_COMP) | __GFP_ZERO;
	while (i < nr) {
		order = min_t(unsigned int, order, ilog2(nr - i));
		page = block_alloc(dev_to_node(dev), gfp, &order);
		if (!page) {
			pages_free(pages, i);
			return NULL;
		}
		for (end = i + BIT(order); i < end; i++)
			pages[i] = page++;
		cond_resched();
	}

	return pages;
}

static dma_addr_t pages_map(struct device *dev, struct page **pages,
			    unsigned long nr, struct sg_table *table,
			    enum dma_data_direction dir)
{
	u64 limit = pviommu_limit(dev, dev->coherent_dma_mask);
	dma_addr_t addr;

	if (sg_alloc_table_from_pages(table, pages, nr, 0, PFN_PHYS(nr),
				      GFP_KERNEL))
		return DMA_MAPPING_ERROR;
	do {
		addr = pviommu_map_table(to_pviommu_device(dev), table, nr,
					 limit, pviommu_access(dir) |
					 PVIOMMU_MAP_STRICT);
	} while (addr == DMA_MAPPING_ERROR && pviommu_window_more(limit));
	if (addr == DMA_MAPPING_ERROR)
		sg_free_table(table);

	return addr;
}

/**
 * pviommu_scattered_alloc - coherent memory of scattered pages
 * @dev: a device on our path
 * @size: bytes
 * @addr: set to its bus address
 * @gfp: for its pages; may sleep
 *
 * vfree() frees the memory, once unmapped.
 *
 * Return: its virtual address, or NULL.
 */
void *pviommu_scattered_alloc(struct device *dev, size_t size, dma_addr_t *addr,
			      gfp_t gfp)
{
	unsigned long nr = PFN_UP(size);
	struct sg_table table;
	struct page **pages;
	void *vaddr;

	pages = pages_alloc(dev, nr, gfp, MAX_BLOCK_ORDER);
	if (!pages)
		return NULL;
	/* The pages and their array go with the virtual range. */
	vaddr = vmap(pages, nr, VM_MAP_PUT_PAGES | VM_DMA_COHERENT,
		     PAGE_KERNEL);
	if (!vaddr) {
		pages_free(pages, nr);
		return NULL;
	}
	*addr = pages_map(dev, pages, nr, &table, DMA_BIDIRECTIONAL);
	if (*addr == DMA_MAPPING_ERROR) {
		vfree(vaddr);
		return NULL;
	}
	sg_free_table(&table);

	return vaddr;
}

/* The pages of such memory. Return: 0 or -ENOMEM. */
int pviommu_scattered_get_sgtable(struct sg_table *sgt, void *vaddr,
				  size_t size)
{
	unsigned long nr = PFN_UP(size), i;
	struct page **pages;
	int err;

	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		pages[i] = vmalloc_to_page(vaddr + PFN_PHYS(i));
	err = sg_alloc_table_from_pages(sgt, pages, nr, 0, PFN_PHYS(nr),
					GFP_KERNEL);
	kvfree(pages);

	return err;
}

/* As many pages as the base ops can map: one block, mapped whole. */
static struct page **base_alloc(struct device *dev, unsigned long nr, gfp_t gfp,
				struct sg_table *table, dma_addr_t *addr,
				enum dma_data_direction dir)
{
	unsigned int order = get_order(PFN_PHYS(nr));
	struct page **pages, *block;
	unsigned long i;

	pages = kvmalloc_array(BIT(order), sizeof(*pages), GFP_KERNEL);
	block = pages ? alloc_pages_node(dev_to_node(dev), gfp | __GFP_ZERO |
					 __GFP_NOWARN, order) : NULL;
	if (!block) {
		kvfree(pages);
		return NULL;
	}
	split_page(block, order);
	for (i = 0; i < BIT(order); i++)
		pages[i] = block + i;
	while (i > nr)
		__free_page(pages[--i]);
	if (!sg_alloc_table_from_pages(table, pages, nr, 0, PFN_PHYS(nr),
				       GFP_KERNEL)) {
		*addr = pviommu_base_map(to_pviommu_device(dev), dev,
					 page_to_phys(block), PFN_PHYS(nr), dir,
					 DMA_ATTR_SKIP_CPU_SYNC);
		if (*addr != DMA_MAPPING_ERROR)
			return pages;
		sg_free_table(table);
	}
	pages_free(pages, nr);

	return NULL;
}

/* The same, by us if that can be. */
static struct page **any_alloc(struct device *dev, unsigned long nr, gfp_t gfp,
			       unsigned int order, struct sg_table *table,
			       dma_addr_t *addr, enum dma_data_direction dir)
{
	struct page **pages;

	if (!pviommu_device_ready(to_pviommu_device(dev)))
		return base_alloc(dev, nr, gfp, table, addr, dir);
	pages = pages_alloc(dev, nr, gfp, order);
	if (!pages)
		return NULL;
	*addr = pages_map(dev, pages, nr, table, dir);
	if (likely(*addr != DMA_MAPPING_ERROR))
		return pages;
	pages_free(pages, nr);

	return base_alloc(dev, nr, gfp, table, addr, dir);
}

struct sg_table *pviommu_alloc_noncontiguous(struct device *dev, size_t size,
					     enum dma_data_direction dir,
					     gfp_t gfp, unsigned long attrs)
{
	unsigned int order = MAX_BLOCK_ORDER;
	struct dma_sgt_handle *handle;
	dma_addr_t addr;

	if (attrs & DMA_ATTR_ALLOC_SINGLE_PAGES)
		order = 0;
	handle = kmalloc(sizeof(*handle), gfp);
	if (!handle)
		return NULL;
	handle->pages = any_alloc(dev, PFN_UP(size), gfp, order, &handle->sgt,
				  &addr, dir);
	if (!handle->pages) {
		kfree(handle);
		return NULL;
	}
	sg_dma_address(handle->sgt.sgl) = addr;
	sg_dma_len(handle->sgt.sgl) = PAGE_ALIGN(size);

	return &handle->sgt;
}

void pviommu_free_noncontiguous(struct device *dev, size_t size,
				struct sg_table *sgt,
				enum dma_data_direction dir)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	dma_addr_t addr = sg_dma_address(sgt->sgl);
	struct dma_sgt_handle *handle = sgt_handle(sgt);

	switch (pviommu_unmap(pd, addr)) {
	case -ENOENT:
		pviommu_base_unmap(pd, dev, addr, PAGE_ALIGN(size), dir,
				   DMA_ATTR_SKIP_CPU_SYNC);
		fallthrough;
	case 0:
		pages_free(handle->pages, PFN_UP(size));
		break;
	default:
		/* The device may still write there: the pages are lost. */
		break;
	}
	sg_free_table(sgt);
	kfree(handle);
}
