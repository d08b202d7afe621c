/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The static map: all of dom0's ordinary memory at BFN = base + PFN.
 */
#ifndef _XEN_PVIOMMU_STATIC_H
#define _XEN_PVIOMMU_STATIC_H

#include <linux/bitops.h>
#include <linux/pfn.h>
#include <linux/types.h>
#include <asm/barrier.h>

#include "device.h"
#include "iommu_op.h"

struct pviommu_static {
	dma_addr_t start;	/* address of PFN 0 */
	dma_addr_t last;	/* address of the last byte; 0: no static map */
	unsigned long nr;	/* number of PFNs */
	unsigned long *yielded;	/* Xen's bits, from PFN 0 on: see watch.h */
	unsigned long *absent;	/* our own: not mapped, or just being mapped */
};

extern struct pviommu_static pviommu_static __read_mostly;

static inline bool pviommu_static_contains(dma_addr_t addr)
{
	return addr >= pviommu_static.start && addr <= pviommu_static.last;
}

/*
 * Is the page behind its BFN? Ballooning, the exchange for a contiguous region
 * and grant mappings all change the P2M; but not before the old frame has left
 * dom0, and so has yielded.
 */
static inline bool pviommu_static_hit(unsigned long pfn)
{
	if (unlikely(pfn >= pviommu_static.nr) ||
	    unlikely(test_bit(pfn, pviommu_static.yielded)))
		return false;
	/* Pairs with the barriers of renew_page(). */
	smp_rmb();

	return likely(!test_bit(pfn, pviommu_static.absent));
}

/* The bus address of a buffer if each of its pages is a hit, or else 0. */
static inline dma_addr_t pviommu_static_addr(phys_addr_t phys, size_t size)
{
	unsigned long pfn = PHYS_PFN(phys), last = PHYS_PFN(phys + size - 1);

	do {
		if (unlikely(!pviommu_static_hit(pfn)))
			return 0;
	} while (pfn++ < last);

	return pviommu_static.start + phys;
}

/* static.c */
int pviommu_static_init(u64 *frames);
void pviommu_static_exit(void);
dma_addr_t pviommu_static_renew(struct pviommu_device *pd, phys_addr_t phys,
				size_t size);

/* The address in the static map, or 0. */
static inline dma_addr_t pviommu_map_static(struct pviommu_device *pd,
					    phys_addr_t phys, size_t size,
					    u64 limit, u16 access)
{
	dma_addr_t addr;

	if (limit < pviommu_static.last || access & XEN_IOMMUOP_MAP_mmio)
		return 0;
	addr = pviommu_static_addr(phys, size);
	if (unlikely(!addr))
		addr = pviommu_static_renew(pd, phys, size);
	pviommu_count_device(pd, addr ? PVIOMMU_STATIC_HITS :
					PVIOMMU_STATIC_MISSES, 1);
	if (likely(addr))
		pviommu_count_device(pd, PVIOMMU_MAPS, 1);

	return addr;
}

#endif /* _XEN_PVIOMMU_STATIC_H */
