/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run of BFNs maps, in the one word that the allocator keeps for its
 * first BFN. Two runs with the same word map the same memory in the same way.
 * It is 0 while the run is not a driver's.
 */
#ifndef _XEN_PVIOMMU_RUN_H
#define _XEN_PVIOMMU_RUN_H

#include <linux/bits.h>
#include <linux/types.h>

/*
 * 35 bits, of which a PFN needs no more than 27 while dom0 has up to 512 GiB of
 * memory. Then those above it are the device's, and tell whose mapping it is.
 */
#define PVIOMMU_RUN_PFN		GENMASK_ULL(34, 0)
#define PVIOMMU_RUN_OWNER	GENMASK_ULL(34, 27)
#define PVIOMMU_OWNERS		255
#define PVIOMMU_RUN_LOW		BIT_ULL(35)		/* in the low window */
#define PVIOMMU_RUN_WRITE	BIT_ULL(36)
#define PVIOMMU_RUN_ORDER	GENMASK_ULL(41, 37)	/* as it was allocated */
#define PVIOMMU_RUN_NR		GENMASK_ULL(61, 42)	/* BFNs, gaps included */
/*
 * The unmap may wait, but the mapping does not idle: the PFN does not say what
 * it maps. A list, or pages of a guest.
 */
#define PVIOMMU_RUN_QUEUE	BIT_ULL(62)
/*
 * Unmap at once: Xen holds a page of it by a reference, the caller frees the
 * memory when the unmap returns, or it is too long. There is no PFN.
 */
#define PVIOMMU_RUN_STRICT	BIT_ULL(63)

/* In the place of the PFN: a scatterlist, and not all of the run is mapped. */
#define PVIOMMU_RUN_GAPS	BIT_ULL(0)

/* The largest value of PVIOMMU_RUN_NR: 4 GiB less a page. */
#define PVIOMMU_RUN_MAX_NR	(BIT_ULL(20) - 1)

static inline unsigned long pviommu_run_nr(u64 run)
{
	return (run & PVIOMMU_RUN_NR) >> 42;
}

static inline unsigned int pviommu_run_order(u64 run)
{
	return (run & PVIOMMU_RUN_ORDER) >> 37;
}

/* Is it a driver's mapping of up to @most pages that may idle? One comparison. */
static inline bool pviommu_run_may_idle(u64 run, unsigned long most)
{
	return (run >> 42) - 1 < most;
}

static inline u64 pviommu_run(unsigned long pfn, unsigned long nr,
			      unsigned int order, u64 flags)
{
	return pfn | (u64)nr << 42 | (u64)order << 37 | flags;
}

/* The field of owner @nr, from 1; 0: nobody knows whose it is. */
static inline u64 pviommu_run_owner(u64 nr)
{
	return nr << 27;
}

static inline unsigned int pviommu_run_owner_nr(u64 run)
{
	return (run & PVIOMMU_RUN_OWNER) >> 27;
}

#endif /* _XEN_PVIOMMU_RUN_H */
