/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "map.h"

dma_addr_t harness_map(struct pviommu_device *pd, phys_addr_t phys, size_t size, u64 limit, u16 access,
                       unsigned long align);
int harness_unmap(struct pviommu_device *pd, dma_addr_t addr);
u64 harness_desc_take(struct pviommu_window *w, u64 bfn);
