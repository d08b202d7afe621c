/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _XEN_PVIOMMU_MAP_H
#define _XEN_PVIOMMU_MAP_H

#include <linux/types.h>

#include "batch.h"
#include "device.h"
#include "static.h"
#include "window.h"

/* What the device is to be able to do, from the DMA API's direction. */
static inline u16 pviommu_access(enum dma_data_direction dir)
{
	if (dir == DMA_TO_DEVICE)
		return XEN_IOMMUOP_MAP_read;

	return XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write;
}

static inline bool pviommu_static_serves(const struct pviommu_device *pd,
					 u64 limit)
{
	return pd->mode == PVIOMMU_STATIC && limit >= pviommu_static.last;
}

/* map.c */
u64 pviommu_bfn_alloc(struct pviommu_device *pd, u64 limit,
		      struct bfn_fit *fit, struct pviommu_window **w);
u64 pviommu_seg_boundary(struct device *dev);
int pviommu_batch_pages(struct pviommu_batch *b, u64 bfn, unsigned long pfn,
			unsigned long nr, u16 access);
void pviommu_mapped(struct pviommu_device *pd, unsigned long nr);
void pviommu_map_failed(struct pviommu_device *pd, struct pviommu_window *w,
			u64 bfn, unsigned long nr, int error, bool unclean);
int pviommu_unmapped(struct pviommu_device *pd, struct pviommu_window *w,
		     u64 bfn, unsigned long nr, unsigned long pages, int error);
dma_addr_t pviommu_map(struct pviommu_device *pd, phys_addr_t phys, size_t size,
		       u64 limit, u16 access, unsigned long align);
int pviommu_unmap(struct pviommu_device *pd, dma_addr_t addr, size_t size);

#endif /* _XEN_PVIOMMU_MAP_H */
