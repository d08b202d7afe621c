/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BFN allocator. It knows neither Xen nor DMA: it hands out runs of numbers,
 * and the same file is compiled in userspace by the tests.
 */
#ifndef _XEN_PVIOMMU_BFN_H
#define _XEN_PVIOMMU_BFN_H

#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define BFN_NONE	(~0ULL)

/* bfn_fit.boundary of a run that may cross all of them. */
#define BFN_NO_BOUNDARY	BIT_ULL(63)

struct bfn_window {
	u64 start;		/* first BFN */
	unsigned long nr;	/* number of BFNs; 0: there is no such window */
	spinlock_t lock;	/* protects all below */
	unsigned long *used;	/* one bit a BFN */
	unsigned long next;	/* where the next search starts */
	unsigned long reach;	/* searches stay below it while they can */
	unsigned long in_use;
};

/* What a run of BFNs must look like. */
struct bfn_fit {
	unsigned long nr;	/* BFNs, at least 1 */
	unsigned long align;	/* a power of two; 1: anywhere */
	unsigned long offset;	/* bfn % align == offset % align */
	u64 limit;		/* no BFN above it */
	u64 boundary;		/* a power of two: the run crosses no multiple */
};

/* bfn.c */
int bfn_window_init(struct bfn_window *w, u64 start, unsigned long nr);
void bfn_window_destroy(struct bfn_window *w);
u64 bfn_alloc(struct bfn_window *w, const struct bfn_fit *fit);
void bfn_free(struct bfn_window *w, u64 bfn, unsigned long nr);
unsigned long bfn_in_use(struct bfn_window *w);

#endif /* _XEN_PVIOMMU_BFN_H */
