/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/xen-pviommu: the state of a file. docs/device.md is the reference.
 *
 *   chardev.c	opens, ioctls, the end
 *   region.c	memory that is pinned for it
 *   space.c	its window, and what each BFN of that maps
 *   userops.c	arrays of maps and unmaps
 */
#ifndef _XEN_PVIOMMU_CHARDEV_H
#define _XEN_PVIOMMU_CHARDEV_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "batch.h"
#include "window.h"
#include "uapi/xen_pviommu.h"

struct mm_struct;
struct page;

/* Memory of a process: pinned from its making to its end. */
struct pviommu_region {
	struct page **pages;
	unsigned long nr;
	unsigned long mapped;	/* BFNs with a page of the region; the file's lock */
	struct mm_struct *mm;	/* it is accounted to; the structure is held */
	u32 flags;		/* XEN_PVIOMMU_READ, XEN_PVIOMMU_WRITE */
};

/* The state of a BFN in the window: 0, or the id of a region; and: */
#define PVIOMMU_BFN_PENDING	BIT(15)		/* an op of the batch changes it */
#define PVIOMMU_BFN_BROKEN	GENMASK(14, 0)	/* nobody knows */

static_assert(PVIOMMU_BFN_BROKEN / XEN_PVIOMMU_MAX_REGIONS > 1);

struct pviommu_space {
	struct pviommu_window *w;	/* where it is from; NULL: none yet */
	u64 bfn;
	unsigned long nr;
	unsigned long broken;		/* BFNs among them */
	u16 *state;
};

/* Processes and threads may share it. */
struct pviommu_file {
	struct mutex lock;		/* for all below */
	struct xarray regions;		/* by id */
	struct pviommu_space space;
	struct pviommu_batch batch;	/* its own: Xen is asked with the lock held */
};

/* chardev.c */
void pviommu_chardev_init(void);
void pviommu_chardev_exit(void);
unsigned long pviommu_files(void);

/* region.c */
struct pviommu_region *pviommu_region_new(u64 addr, u64 size, u32 flags);
void pviommu_region_delete(struct pviommu_region *r);
void pviommu_region_leak(struct pviommu_region *r);
unsigned long pviommu_pinned(void);

/* space.c */
int pviommu_space_take(struct pviommu_space *s, u64 size, u64 limit);
void pviommu_space_release(struct pviommu_space *s);
int pviommu_space_look(const struct pviommu_space *s, u64 bfn,
		       unsigned long nr, bool mapped);
void pviommu_space_map(struct pviommu_file *f, u64 bfn, unsigned long nr,
		       u16 id);
void pviommu_space_unmap(struct pviommu_file *f, u64 bfn, unsigned long nr);
void pviommu_space_settle(struct pviommu_file *f, u64 bfn, unsigned long nr,
			  bool mapped);
void pviommu_space_break(struct pviommu_file *f, u64 bfn, unsigned long nr,
			 int error);

/* userops.c */
unsigned int pviommu_userops(struct pviommu_file *f, struct xen_pviommu_op *ops,
			     unsigned int nr);
void pviommu_userops_end(struct pviommu_file *f);

#endif /* _XEN_PVIOMMU_CHARDEV_H */
