/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The choice of a device's mode: static and reuse, as a rule, need nothing from
 * Xen, and the other modes do. The choice is inline in the DMA operations: in a
 * call the saved registers alone would cost a quarter of a quick mapping.
 */
#ifndef _XEN_PVIOMMU_DISPATCH_H
#define _XEN_PVIOMMU_DISPATCH_H

#include "map.h"
#include "reuse.h"
#include "static.h"
#include "trace.h"

/*
 * The modes with a quick way. The quick way has no tracepoint: even its jumps,
 * not taken, would cost more than a hundredth. While maps or unmaps are
 * recorded, both fields are no mode, and all mappings take the long way
 * (traced.c).
 */
struct pviommu_quick {
	enum pviommu_mode static_mode;	/* PVIOMMU_STATIC, or no mode */
	enum pviommu_mode reuse_mode;	/* PVIOMMU_REUSE, or no mode */
};

extern struct pviommu_quick pviommu_quick;

/* The long way. See pviommu_map_dynamic(). */
static inline dma_addr_t pviommu_map_slow(struct pviommu_device *pd,
					  phys_addr_t phys, size_t size,
					  u64 limit, u16 access,
					  unsigned long align)
{
	if (trace_pviommu_map_enabled() || trace_pviommu_reuse_hit_enabled())
		return pviommu_map_traced(pd, phys, size, limit, access, align);

	return pviommu_map_dynamic(pd, phys, size, limit, access, align);
}

/* See pviommu_map_dynamic(); static and reuse mappings need no hypercall. */
static inline dma_addr_t pviommu_map(struct pviommu_device *pd,
				     phys_addr_t phys, size_t size, u64 limit,
				     u16 access, unsigned long align)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);
	dma_addr_t addr = 0;

	if (mode == READ_ONCE(pviommu_quick.static_mode))
		addr = pviommu_map_static(pd, phys, size, limit, access);
	else if (mode == READ_ONCE(pviommu_quick.reuse_mode))
		addr = pviommu_reuse_map(pd, phys, size, limit, access, align);
	if (likely(addr))
		return addr;

	return pviommu_map_slow(pd, phys, size, limit, access, align);
}

/* The long way. See pviommu_unmap_dynamic(). */
static inline int pviommu_unmap_slow(struct pviommu_device *pd, dma_addr_t addr)
{
	if (trace_pviommu_unmap_enabled())
		return pviommu_unmap_traced(pd, addr);

	return pviommu_unmap_dynamic(pd, addr);
}

/* Apart: inline, its registers would be saved in every mode. */
static noinline int pviommu_unmap_again(struct pviommu_device *pd,
					dma_addr_t addr)
{
	if (likely(pviommu_reuse_unmap(pd, addr)))
		return 0;

	return pviommu_unmap_slow(pd, addr);
}

/* See pviommu_unmap_dynamic(). */
static inline int pviommu_unmap(struct pviommu_device *pd, dma_addr_t addr)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);

	if (mode == READ_ONCE(pviommu_quick.static_mode) &&
	    likely(pviommu_static_contains(addr))) {
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
		return 0;
	}
	if (mode == READ_ONCE(pviommu_quick.reuse_mode))
		return pviommu_unmap_again(pd, addr);

	return pviommu_unmap_slow(pd, addr);
}

#endif /* _XEN_PVIOMMU_DISPATCH_H */
