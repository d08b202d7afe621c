/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mode reuse: a mapping whose driver is done with it stays for a while, idle.
 * If the same memory is mapped in the same way meanwhile, as drivers that
 * recycle their buffers do, that costs no hypercall. An idle mapping holds no
 * page: Linux may free it, and give it to the same driver again.
 */
#ifndef _XEN_PVIOMMU_REUSE_H
#define _XEN_PVIOMMU_REUSE_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "queue.h"

/* A table a CPU: 1024 idle mappings in 24 KiB. Tests have small ones. */
#ifndef PVIOMMU_REUSE_SETS
#define PVIOMMU_REUSE_SETS	256
#endif
#define PVIOMMU_REUSE_WAYS	4

/* A look at all of them is one piece of work with interrupts off. */
#define PVIOMMU_REUSE_MAX_SETS	2048U

/* Pages of a mapping that is worth it. */
#define PVIOMMU_REUSE_PAGES	16

/* Sets of a table less one; they are a power of two. */
extern unsigned int pviommu_reuse_mask __read_mostly;

struct pviommu_idle {
	u64 run;		/* 0: the place is free */
	u64 bfn;
	unsigned long since;	/* jiffies */
};

struct pviommu_reuse {
	unsigned int nr;
	struct pviommu_idle *idle;	/* PVIOMMU_REUSE_WAYS a set */
};

extern struct pviommu_reuse __percpu *pviommu_reuses;

/* reuse.c */
int pviommu_reuse_init(void);
void pviommu_reuse_exit(void);
void pviommu_reuse_retire(struct pviommu_queue *q, struct pviommu_reuse *r,
			  struct pviommu_idle *idle);
bool pviommu_reuse_age(struct pviommu_queue *q, struct pviommu_reuse *r,
		       unsigned long before);

#endif /* _XEN_PVIOMMU_REUSE_H */
