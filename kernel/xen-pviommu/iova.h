/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_IOVA_H
#define _XEN_PVIOMMU_IOVA_H

#include <linux/dma-mapping.h>

#include "compat.h"
#include "device.h"

/* iova.c */
bool pviommu_links_alloc(struct pviommu_device *pd, struct dma_iova_state *state,
			 phys_addr_t phys, size_t size, u64 limit);
int pviommu_links_add(const struct dma_iova_state *state, phys_addr_t phys,
		      size_t offset, size_t size, u16 access);
int pviommu_links_map(struct pviommu_device *pd, struct dma_iova_state *state);
void pviommu_links_free(struct pviommu_device *pd,
			const struct dma_iova_state *state);

#endif /* _XEN_PVIOMMU_IOVA_H */
