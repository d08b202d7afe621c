// SPDX-License-Identifier: GPL-2.0-only
/*
 * The quick way while maps or unmaps are recorded. In a file of its own, so that the
 * tracepoints cost nothing in dispatch.h without a recording.
 */
#include <linux/device.h>
#include <linux/pfn.h>

#include "dispatch.h"

/* See pviommu_map(): the same, and told of. */
dma_addr_t pviommu_map_traced(struct pviommu_device *pd, phys_addr_t phys,
			      size_t size, u64 limit, u16 access,
			      unsigned long align)
{
	unsigned long pages = PFN_UP(offset_in_page(phys) + size);
	enum pviommu_mode mode = READ_ONCE(pd->mode);
	enum pviommu_by by = PVIOMMU_BY_STATIC;
	dma_addr_t addr = 0;

	if (mode == PVIOMMU_STATIC) {
		addr = pviommu_map_static(pd, phys, size, limit, access);
	} else if (mode == PVIOMMU_REUSE) {
		addr = pviommu_map_again(pd, phys, size, limit, access, align);
		by = PVIOMMU_BY_REUSE;
	}
	if (!addr)
		return pviommu_map_new(pd, phys, size, limit, access, align);
	trace_pviommu_map(pd->dev, PHYS_PFN(addr), pages, by);
	if (by == PVIOMMU_BY_REUSE)
		trace_pviommu_reuse_hit(pd->dev, PHYS_PFN(addr), pages, by);

	return addr;
}

/* See pviommu_unmap(): the same, and told of. */
int pviommu_unmap_traced(struct pviommu_device *pd, dma_addr_t addr)
{
	u64 run = 0;

	if (READ_ONCE(pd->mode) == PVIOMMU_REUSE)
		run = pviommu_idle(pd, addr);
	if (!run)
		return pviommu_unmap_now(pd, addr);
	trace_pviommu_unmap(pd->dev, PHYS_PFN(addr), pviommu_run_nr(run),
			    PVIOMMU_BY_REUSE);

	return 0;
}
