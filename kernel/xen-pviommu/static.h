/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The static map: all of dom0's memory at BFN = base + PFN.
 */
#ifndef _XEN_PVIOMMU_STATIC_H
#define _XEN_PVIOMMU_STATIC_H

#include <linux/pfn.h>
#include <linux/types.h>
#include <xen/page.h>

/* No MFN is mapped for the PFN. */
#define PVIOMMU_STATIC_NONE	U32_MAX

struct pviommu_static {
	dma_addr_t start;	/* address of PFN 0 */
	dma_addr_t last;	/* address of the last byte; 0: no static map */
	unsigned long nr;	/* number of PFNs */
	u32 *mfn;		/* for each PFN what its BFN maps, or NONE */
};

extern struct pviommu_static pviommu_static __read_mostly;

static inline bool pviommu_static_contains(dma_addr_t addr)
{
	return addr >= pviommu_static.start && addr <= pviommu_static.last;
}

/*
 * Does the static map still tell where the page is? Ballooning, the exchange
 * for a contiguous region and grant mappings all change the P2M. A P2M entry
 * with a flag (foreign, identity, invalid) is no MFN, and matches none.
 */
static inline bool pviommu_static_hit(unsigned long pfn)
{
	u32 mfn;

	if (unlikely(pfn >= pviommu_static.nr))
		return false;
	mfn = READ_ONCE(pviommu_static.mfn[pfn]);

	/* Not __pfn_to_mfn(): no call on the way, and no register saved. */
	return likely(mfn == READ_ONCE(xen_p2m_addr[pfn]) &&
		      mfn != PVIOMMU_STATIC_NONE);
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

#endif /* _XEN_PVIOMMU_STATIC_H */
