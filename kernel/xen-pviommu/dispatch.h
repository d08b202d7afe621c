/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The choice of a device's mode: static and reuse need nothing from Xen, as a
 * rule, and all else does. It is inline in the DMA operations: called, the saved
 * registers alone would cost a quarter of a quick mapping.
 */
#ifndef _XEN_PVIOMMU_DISPATCH_H
#define _XEN_PVIOMMU_DISPATCH_H

#include "map.h"
#include "reuse.h"
#include "static.h"
#include "trace.h"

/*
 * The modes that have a quick way, on which there is no tracepoint: jumps that
 * are not taken would be more than a hundredth of it. While somebody records
 * maps or unmaps both are no mode, and all take the long way (traced.c).
 */
struct pviommu_quick {
	enum pviommu_mode fixed;	/* PVIOMMU_STATIC, or no mode */
	enum pviommu_mode reuse;	/* PVIOMMU_REUSE, or no mode */
};

extern struct pviommu_quick pviommu_quick;

/* The long way. See pviommu_map_new(). */
static inline dma_addr_t pviommu_map_long(struct pviommu_device *pd,
					  phys_addr_t phys, size_t size,
					  u64 limit, u16 access,
					  unsigned long align)
{
	if (trace_pviommu_map_enabled() || trace_pviommu_reuse_hit_enabled())
		return pviommu_map_traced(pd, phys, size, limit, access, align);

	return pviommu_map_new(pd, phys, size, limit, access, align);
}

/* See pviommu_map_new(); but nothing is asked from Xen if that can be spared. */
static inline dma_addr_t pviommu_map(struct pviommu_device *pd,
				     phys_addr_t phys, size_t size, u64 limit,
				     u16 access, unsigned long align)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);
	dma_addr_t addr = 0;

	if (mode == READ_ONCE(pviommu_quick.fixed))
		addr = pviommu_map_static(pd, phys, size, limit, access);
	else if (mode == READ_ONCE(pviommu_quick.reuse))
		addr = pviommu_map_again(pd, phys, size, limit, access, align);
	if (likely(addr))
		return addr;

	return pviommu_map_long(pd, phys, size, limit, access, align);
}

/* See pviommu_unmap_now(). */
static inline int pviommu_unmap(struct pviommu_device *pd, dma_addr_t addr)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);

	if (mode == READ_ONCE(pviommu_quick.fixed) &&
	    likely(pviommu_static_contains(addr))) {
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
		return 0;
	}
	if (mode == READ_ONCE(pviommu_quick.reuse) &&
	    likely(pviommu_idle(pd, addr)))
		return 0;
	if (trace_pviommu_unmap_enabled())
		return pviommu_unmap_traced(pd, addr);

	return pviommu_unmap_now(pd, addr);
}

#endif /* _XEN_PVIOMMU_DISPATCH_H */
