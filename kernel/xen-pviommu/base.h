/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_BASE_H
#define _XEN_PVIOMMU_BASE_H

#include "device.h"

/* base.c */
dma_addr_t pviommu_base_map(struct pviommu_device *pd, struct device *dev,
			    phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs);
void pviommu_base_unmap(struct pviommu_device *pd, struct device *dev,
			dma_addr_t addr, size_t size,
			enum dma_data_direction dir, unsigned long attrs);
int pviommu_base_map_sg(struct pviommu_device *pd, struct device *dev,
			struct scatterlist *sg, int nents,
			enum dma_data_direction dir, unsigned long attrs);
void pviommu_base_unmap_sg(struct pviommu_device *pd, struct device *dev,
			   struct scatterlist *sg, int nents,
			   enum dma_data_direction dir, unsigned long attrs);
void *pviommu_base_alloc(struct pviommu_device *pd, struct device *dev,
			 size_t size, dma_addr_t *addr, gfp_t gfp,
			 unsigned long attrs);
void pviommu_base_free(struct pviommu_device *pd, struct device *dev,
		       size_t size, void *vaddr, dma_addr_t addr,
		       unsigned long attrs);
bool pviommu_base_usable(void);
int pviommu_base_dma_supported(struct pviommu_device *pd, struct device *dev,
			       u64 mask);
u64 pviommu_base_required_mask(struct pviommu_device *pd, struct device *dev);
size_t pviommu_base_max_size(struct pviommu_device *pd, struct device *dev);

#endif /* _XEN_PVIOMMU_BASE_H */
