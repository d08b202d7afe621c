/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The descriptor of a run of BFNs, in the slot of the run's first BFN. Two runs
 * with the same descriptor map the same memory in the same way. The descriptor
 * is 0 while the run is not a driver's.
 */
#ifndef _XEN_PVIOMMU_DESC_H
#define _XEN_PVIOMMU_DESC_H

#include <linux/bits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "iommu_op.h"
#include "window.h"

/*
 * 35 bits. A PFN needs no more than 27 while dom0 has up to 512 GiB of memory.
 * The bits above the PFN then name the device of the mapping.
 */
#define PVIOMMU_DESC_PFN	GENMASK_ULL(34, 0)
#define PVIOMMU_DESC_OWNER	GENMASK_ULL(34, 27)
#define PVIOMMU_OWNERS		255
#define PVIOMMU_DESC_LOW	BIT_ULL(35)		/* in the low window */
#define PVIOMMU_DESC_WRITE	BIT_ULL(36)
#define PVIOMMU_DESC_ORDER	GENMASK_ULL(41, 37)	/* as it was allocated */
#define PVIOMMU_DESC_NR		GENMASK_ULL(61, 42)	/* BFNs, gaps included */
/*
 * The unmap may wait, but the mapping does not idle: the PFN does not name the
 * memory. A list, or pages of a guest.
 */
#define PVIOMMU_DESC_QUEUE	BIT_ULL(62)
/*
 * Unmap at once: Xen holds a page by a reference, the caller frees the memory
 * when the unmap returns, or the run is too long. No PFN.
 */
#define PVIOMMU_DESC_STRICT	BIT_ULL(63)

/* In the place of the PFN: a scatterlist, and not all of the run is mapped. */
#define PVIOMMU_DESC_GAPS	BIT_ULL(0)

/* The largest value of PVIOMMU_DESC_NR: 4 GiB less a page. */
#define PVIOMMU_DESC_MAX_NR	(BIT_ULL(20) - 1)

static inline unsigned long pviommu_desc_nr(u64 desc)
{
	return (desc & PVIOMMU_DESC_NR) >> 42;
}

static inline unsigned int pviommu_desc_order(u64 desc)
{
	return (desc & PVIOMMU_DESC_ORDER) >> 37;
}

/* A driver's mapping of up to @most pages that may idle? One comparison. */
static inline bool pviommu_desc_may_idle(u64 desc, unsigned long most)
{
	return (desc >> 42) - 1 < most;
}

static inline u64 pviommu_desc(unsigned long pfn, unsigned long nr,
			       unsigned int order, u64 flags)
{
	return pfn | (u64)nr << 42 | (u64)order << 37 | flags;
}

/* The field of owner @nr, from 1; 0: the mapping's owner is not known. */
static inline u64 pviommu_desc_owner(u64 nr)
{
	return nr << 27;
}

static inline unsigned int pviommu_desc_owner_nr(u64 desc)
{
	return (desc & PVIOMMU_DESC_OWNER) >> 27;
}

/* The least order of a run of @nr BFNs that begins at @offset modulo @align. */
static inline unsigned int pviommu_order(unsigned long nr, unsigned long align,
					 unsigned long offset)
{
	unsigned long span = max((offset & (align - 1)) + nr, align);

	return span > 1 ? ilog2(span - 1) + 1 : 0;
}

/* The descriptor of @nr pages at @pfn, for a mapping whose unmap may wait. */
static inline u64 pviommu_desc_of(unsigned long pfn, unsigned long nr,
				  unsigned long align, u16 access,
				  const struct pviommu_window *w)
{
	u64 desc = pviommu_desc(pfn, nr, pviommu_order(nr, align, pfn), 0);

	if (access & XEN_IOMMUOP_MAP_write)
		desc |= PVIOMMU_DESC_WRITE;
	if (unlikely(w == &pviommu_low))
		desc |= PVIOMMU_DESC_LOW;

	return desc;
}

/**
 * pviommu_desc_take - read and clear the descriptor of a driver's mapping
 * @w: the window
 * @bfn: the first BFN
 *
 * The mapping then no longer belongs to the driver.
 *
 * Context: interrupts off.
 * Return: its descriptor, or 0 when the driver has no such mapping.
 */
static inline u64 pviommu_desc_take(struct pviommu_window *w, u64 bfn)
{
	return bfn_slot_take(&w->bfns, bfn);
}

#endif /* _XEN_PVIOMMU_DESC_H */
