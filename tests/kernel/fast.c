// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inline functions of the kernel's dispatch.h, to be called from C++.
 */
#include "dispatch.h"
#include "fast_calls.h"

/* Nobody records: trace.c is not here. */
struct pviommu_quick pviommu_quick = {
	.static_mode = PVIOMMU_STATIC,
	.reuse_mode = PVIOMMU_REUSE,
};

dma_addr_t harness_map(struct pviommu_device *pd, phys_addr_t phys, size_t size,
                       u64 limit, u16 access, unsigned long align)
{
	return pviommu_map(pd, phys, size, limit, access, align);
}

int harness_unmap(struct pviommu_device *pd, dma_addr_t addr)
{
	return pviommu_unmap(pd, addr);
}

u64 harness_desc_take(struct pviommu_window *w, u64 bfn)
{
	return pviommu_desc_take(w, bfn);
}
