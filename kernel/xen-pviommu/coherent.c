// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that driver and device share for long, behind one run of BFNs: a block of the
 * buddy allocator, or scattered pages (scattered.c). A block is contiguous in dom0's
 * eyes, but as a rule not in the machine. No frames are exchanged with Xen, and no
 * buffer bounces.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/vmalloc.h>

#include "base.h"
#include "dma.h"
#include "dispatch.h"

static struct page *coherent_alloc(struct device *dev, size_t size, gfp_t gfp)
{
	return alloc_pages_node(dev_to_node(dev), gfp | __GFP_ZERO,
				get_order(size));
}

/*
 * Drivers rely on coherent memory being aligned to its size, rounded up to a
 * power of two of pages. The pages are, so that this is the static map's way
 * as well.
 */
static dma_addr_t coherent_map(struct pviommu_device *pd, struct device *dev,
			       struct page *page, size_t size,
			       enum dma_data_direction dir)
{
	return pviommu_map(pd, page_to_phys(page), PAGE_ALIGN(size),
			   pviommu_limit(dev, dev->coherent_dma_mask),
			   pviommu_access(dir) | PVIOMMU_MAP_STRICT,
			   1UL << get_order(size));
}

/* Is a block of memory no more than a wish? */
static bool may_scatter(size_t size, gfp_t gfp, unsigned long attrs)
{
	return size > PAGE_SIZE && gfpflags_allow_blocking(gfp) &&
	       !(attrs & DMA_ATTR_FORCE_CONTIGUOUS);
}

void *pviommu_alloc(struct device *dev, size_t size, dma_addr_t *addr,
		    gfp_t gfp, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	bool scatter = may_scatter(size, gfp, attrs);
	struct page *page;

	if (unlikely(!pviommu_device_ready(pd)))
		return pviommu_base_alloc(pd, dev, size, addr, gfp, attrs);
	if (unlikely(!size))
		return NULL;

	if (attrs & DMA_ATTR_NO_WARN)
		gfp |= __GFP_NOWARN;
	page = coherent_alloc(dev, size, scatter ? gfp | __GFP_NORETRY |
						   __GFP_NOWARN : gfp);
	if (!page)
		return scatter ? pviommu_scattered_alloc(dev, size, addr, gfp) :
				 NULL;
	do {
		*addr = coherent_map(pd, dev, page, size, DMA_BIDIRECTIONAL);
	} while (unlikely(*addr == DMA_MAPPING_ERROR) &&
		 gfpflags_allow_blocking(gfp) &&
		 pviommu_window_more(pviommu_limit(dev,
						   dev->coherent_dma_mask)));
	if (likely(*addr != DMA_MAPPING_ERROR))
		return page_address(page);
	__free_pages(page, get_order(size));

	return pviommu_base_alloc(pd, dev, size, addr, gfp, attrs);
}

void pviommu_free(struct device *dev, size_t size, void *vaddr,
		  dma_addr_t addr, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);

	switch (pviommu_unmap(pd, addr)) {
	case 0:
		if (is_vmalloc_addr(vaddr))
			vfree(vaddr);
		else
			free_pages((unsigned long)vaddr, get_order(size));
		break;
	case -ENOENT:
		pviommu_base_free(pd, dev, size, vaddr, addr, attrs);
		break;
	default:
		/* The device may still write there: the pages are lost. */
		break;
	}
}

/*
 * The base ops' own would call back into ours to map the pages, so that only
 * their mapping of a buffer is of use.
 */
struct page *pviommu_alloc_pages(struct device *dev, size_t size,
				 dma_addr_t *addr, enum dma_data_direction dir,
				 gfp_t gfp)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	struct page *page = coherent_alloc(dev, size, gfp);

	if (!page)
		return NULL;

	*addr = DMA_MAPPING_ERROR;
	if (likely(pviommu_device_ready(pd)))
		*addr = coherent_map(pd, dev, page, size, dir);
	if (unlikely(*addr == DMA_MAPPING_ERROR))
		*addr = pviommu_base_map(pd, dev, page_to_phys(page), size, dir,
					 DMA_ATTR_SKIP_CPU_SYNC);
	if (unlikely(*addr == DMA_MAPPING_ERROR)) {
		__free_pages(page, get_order(size));
		return NULL;
	}

	return page;
}

void pviommu_free_pages(struct device *dev, size_t size, struct page *page,
			dma_addr_t addr, enum dma_data_direction dir)
{
	struct pviommu_device *pd = to_pviommu_device(dev);

	switch (pviommu_unmap(pd, addr)) {
	case -ENOENT:
		pviommu_base_unmap(pd, dev, addr, size, dir,
				   DMA_ATTR_SKIP_CPU_SYNC);
		fallthrough;
	case 0:
		__free_pages(page, get_order(size));
		break;
	default:
		/* The device may still write there: the pages are lost. */
		break;
	}
}

int pviommu_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr,
		 dma_addr_t addr, size_t size, unsigned long attrs)
{
	const struct dma_map_ops *base = to_pviommu_device(dev)->base;
	unsigned long nr = PFN_UP(size), skip = vma->vm_pgoff;

	if (unlikely(!pviommu_is_ours(addr))) {
		if (!base->mmap)
			return -ENXIO;
		return base->mmap(dev, vma, vaddr, addr, size, attrs);
	}
	if (skip >= nr || vma_pages(vma) > nr - skip)
		return -ENXIO;
	if (is_vmalloc_addr(vaddr))
		return remap_vmalloc_range(vma, vaddr, skip);

	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(virt_to_page(vaddr)) + skip,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

int pviommu_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr,
			dma_addr_t addr, size_t size, unsigned long attrs)
{
	const struct dma_map_ops *base = to_pviommu_device(dev)->base;
	int err;

	if (unlikely(!pviommu_is_ours(addr))) {
		if (!base->get_sgtable)
			return -ENXIO;
		return base->get_sgtable(dev, sgt, vaddr, addr, size, attrs);
	}
	if (is_vmalloc_addr(vaddr))
		return pviommu_scattered_get_sgtable(sgt, vaddr, size);
	err = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (!err)
		sg_set_page(sgt->sgl, virt_to_page(vaddr), PAGE_ALIGN(size), 0);

	return err;
}
