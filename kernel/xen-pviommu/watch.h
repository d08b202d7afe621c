/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watch pages: a bit for each BFN, by which Xen reports a yielded map. No device
 * reaches the BFN then. The BFN stays in use until its unmap.
 *
 * Xen sets a bit before the page becomes a page table, or leaves dom0, and so before the
 * page has a new owner. A later mapper got the page from Linux' page allocator, and
 * sees the bit. A bit is cleared when its BFN is freed, after the unmap has returned.
 * Xen sets the bit no more from then on: no bit is lost, and the bit of a newly
 * allocated BFN is clear.
 */
#ifndef _XEN_PVIOMMU_WATCH_H
#define _XEN_PVIOMMU_WATCH_H

#include <linux/types.h>

struct pviommu_watch {
	u64 first;		/* BFN of the first bit */
	unsigned long nr;	/* bits: pages of them */
	unsigned long *bits;	/* NULL: there are none */
};

/* watch.c */
int pviommu_watch_new(struct pviommu_watch *watch, u64 bfn, u64 nr);
int pviommu_watch_give(const struct pviommu_watch *watch, u64 bfn, u64 nr);
void pviommu_watch_free(struct pviommu_watch *watch);

/* Where the bits from @bfn on are, a multiple of BITS_PER_LONG. */
static inline unsigned long *
pviommu_watch_bits(const struct pviommu_watch *watch, u64 bfn)
{
	return watch->bits + (bfn - watch->first) / BITS_PER_LONG;
}

/* The word of a BFN: number BFN / BITS_PER_LONG. */
static inline unsigned long *
pviommu_watch_words(const struct pviommu_watch *watch)
{
	return watch->bits - watch->first / BITS_PER_LONG;
}

#endif /* _XEN_PVIOMMU_WATCH_H */
