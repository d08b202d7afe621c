/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DMA operations, as the DMA API calls them.
 */
#ifndef _XEN_PVIOMMU_DMA_H
#define _XEN_PVIOMMU_DMA_H

#include <linux/dma-map-ops.h>

#include "compat.h"
#include "device.h"
#include "static.h"
#include "window.h"

/* Did we make the mapping, rather than the base ops? */
static inline bool pviommu_is_ours(dma_addr_t addr)
{
	return pviommu_window_of(addr) || pviommu_static_contains(addr);
}

/* A power of two of pages that a streaming mapping keeps the remainder of. */
static inline unsigned long pviommu_min_align(struct device *dev)
{
	return PFN_DOWN((unsigned long)dma_get_min_align_mask(dev)) + 1;
}

/* dma.c */
extern const struct dma_map_ops pviommu_dma_ops;

bool pviommu_iova_try_alloc(struct device *dev, struct dma_iova_state *state,
			    phys_addr_t phys, size_t size);
int pviommu_iova_link(struct device *dev, struct dma_iova_state *state,
		      phys_addr_t phys, size_t offset, size_t size,
		      enum dma_data_direction dir, unsigned long attrs);
int pviommu_iova_sync(struct device *dev, struct dma_iova_state *state,
		      size_t offset, size_t size);
void pviommu_iova_destroy(struct device *dev, struct dma_iova_state *state,
			  size_t mapped, enum dma_data_direction dir,
			  unsigned long attrs);

/* sg.c */
int pviommu_map_sg(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs);
void pviommu_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs);
void pviommu_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg,
			     int nents, enum dma_data_direction dir);
void pviommu_sync_sg_for_device(struct device *dev, struct scatterlist *sg,
				int nents, enum dma_data_direction dir);
dma_addr_t pviommu_map_table(struct pviommu_device *pd,
			     const struct sg_table *table, unsigned long nr,
			     u64 limit, u16 access);

/* coherent.c */
void *pviommu_alloc(struct device *dev, size_t size, dma_addr_t *addr,
		    gfp_t gfp, unsigned long attrs);
void pviommu_free(struct device *dev, size_t size, void *vaddr,
		  dma_addr_t addr, unsigned long attrs);
struct page *pviommu_alloc_pages(struct device *dev, size_t size,
				 dma_addr_t *addr, enum dma_data_direction dir,
				 gfp_t gfp);
void pviommu_free_pages(struct device *dev, size_t size, struct page *page,
			dma_addr_t addr, enum dma_data_direction dir);
int pviommu_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr,
		 dma_addr_t addr, size_t size, unsigned long attrs);
int pviommu_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr,
			dma_addr_t addr, size_t size, unsigned long attrs);

/* scattered.c */
void *pviommu_scattered_alloc(struct device *dev, size_t size, dma_addr_t *addr,
			      gfp_t gfp);
int pviommu_scattered_get_sgtable(struct sg_table *sgt, void *vaddr,
				  size_t size);
struct sg_table *pviommu_alloc_noncontiguous(struct device *dev, size_t size,
					     enum dma_data_direction dir,
					     gfp_t gfp, unsigned long attrs);
void pviommu_free_noncontiguous(struct device *dev, size_t size,
				struct sg_table *sgt,
				enum dma_data_direction dir);

#endif /* _XEN_PVIOMMU_DMA_H */
