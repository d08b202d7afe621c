/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a run of BFNs maps, in the one word that the allocator keeps for its
 * first BFN. Two runs with the same word map the same memory in the same way.
 * It is 0 while the run is not a driver's.
 */
#ifndef _XEN_PVIOMMU_RUN_H
#define _XEN_PVIOMMU_RUN_H

#include <linux/bits.h>
#include <linux/types.h>

#define PVIOMMU_RUN_PFN		GENMASK_ULL(38, 0)
#define PVIOMMU_RUN_NR		GENMASK_ULL(55, 39)	/* BFNs, gaps included */
#define PVIOMMU_RUN_ORDER	GENMASK_ULL(60, 56)	/* as it was allocated */
#define PVIOMMU_RUN_LOW		BIT_ULL(61)		/* in the low window */
#define PVIOMMU_RUN_WRITE	BIT_ULL(62)
/* Its unmap never waits: no one page that could be held, or more than RAM. */
#define PVIOMMU_RUN_STRICT	BIT_ULL(63)

/* Of a scatterlist, which has no one PFN: not all of the run is mapped. */
#define PVIOMMU_RUN_GAPS	BIT_ULL(0)

/* What PVIOMMU_RUN_NR can tell: 256 MiB less a page. */
#define PVIOMMU_RUN_MAX_NR	(BIT_ULL(17) - 1)

static inline unsigned long pviommu_run_pfn(u64 run)
{
	return run & PVIOMMU_RUN_PFN;
}

static inline unsigned long pviommu_run_nr(u64 run)
{
	return (run & PVIOMMU_RUN_NR) >> 39;
}

static inline unsigned int pviommu_run_order(u64 run)
{
	return (run & PVIOMMU_RUN_ORDER) >> 56;
}

static inline u64 pviommu_run(unsigned long pfn, unsigned long nr,
			      unsigned int order, u64 flags)
{
	return pfn | (u64)nr << 39 | (u64)order << 56 | flags;
}

#endif /* _XEN_PVIOMMU_RUN_H */
