/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A batch: one page of ops on its way to Xen.
 *
 * Each CPU has one, used with interrupts off between pviommu_batch_get() and
 * pviommu_batch_put(), so that DMA mapping works in every context and without
 * a lock. A batch serves either one run of maps or one run of unmaps; unmaps
 * that wait in the CPU's queue ride with it, behind its own ops.
 */
#ifndef _XEN_PVIOMMU_BATCH_H
#define _XEN_PVIOMMU_BATCH_H

#include <linux/types.h>

#include "xencall.h"

struct pviommu_batch {
	struct xen_iommu_op *ops;	/* XEN_IOMMUOP_MAX_OPS of them, a page */
	unsigned int nr;		/* ops that wait to be submitted */
	unsigned int riders;		/* unmaps of the queue, behind them */
	int error;			/* first status that was not 0, or 0 */
	bool unclean;			/* what the BFNs map is not known */
	u64 first;			/* first BFN of the run */
	u64 settled;			/* BFNs below went in earlier hypercalls */
};

/* The frames that a map op names. */
struct pviommu_frames {
	u64 mfn;
	u16 domid;
	u16 flags;	/* XEN_IOMMUOP_MAP_* */
};

/* batch.c */
int pviommu_batches_init(void);
void pviommu_batches_exit(void);
int pviommu_batch_init(struct pviommu_batch *b);
void pviommu_batch_exit(struct pviommu_batch *b);

struct pviommu_batch *pviommu_batch_here(void);
struct pviommu_batch *pviommu_batch_get(unsigned long *flags);
void pviommu_batch_put(unsigned long flags);

void pviommu_batch_put_map(struct pviommu_batch *b, u64 bfn, u32 nr,
			   const struct pviommu_frames *frames);
bool pviommu_batch_add(struct pviommu_batch *b, u64 bfn, u32 nr,
		       const struct pviommu_frames *frames);
void pviommu_batch_put_rider(struct pviommu_batch *b, u64 bfn, u32 nr);
void pviommu_batch_submit(struct pviommu_batch *b);

int pviommu_batch_map(struct pviommu_batch *b, u64 bfn, u32 nr,
		      const struct pviommu_frames *frames);
void pviommu_batch_map_abort(struct pviommu_batch *b, int error);
int pviommu_batch_map_end(struct pviommu_batch *b);
void pviommu_batch_unmap(struct pviommu_batch *b, u64 bfn, unsigned long nr);
int pviommu_batch_unmap_end(struct pviommu_batch *b);

#endif /* _XEN_PVIOMMU_BATCH_H */
