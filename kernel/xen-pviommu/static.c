// SPDX-License-Identifier: GPL-2.0
/*
 * The static map: all of dom0's memory is mapped once, at BFN = base + PFN, so
 * that a DMA mapping is an addition.
 *
 * It holds no references (noref): a writable type reference that lasts would
 * keep its page from ever becoming a page table, and pin_pagetable_pfn() makes
 * that a BUG. It gives a device nothing that the host map does not give, and
 * Xen allows it exactly while that stands.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "batch.h"
#include "counters.h"
#include "probe.h"
#include "static.h"
#include "window.h"

#define NOREF	(XEN_IOMMUOP_MAP_noref | XEN_IOMMUOP_MAP_read | \
		 XEN_IOMMUOP_MAP_write)

/*
 * Base addresses are multiples of it, so that the bus address of a buffer is
 * aligned as its physical address is, and crosses the segment boundaries (up
 * to 4 GiB) that it crosses.
 */
#define BASE_ALIGN	SZ_4G

/* No address is in a map that starts behind them all. */
#define NOWHERE		(~0ULL)

struct pviommu_static pviommu_static __read_mostly = { .start = NOWHERE };

static struct pviommu_range range;

/* Ops are booked, or sent once more, after each hypercall. */
struct filler {
	struct pviommu_batch batch;
	struct pviommu_batch retry;	/* of one frame an op */
	unsigned long mapped;
};

static void book(struct filler *f, const struct xen_iommu_op_map *map)
{
	unsigned long pfn = map->bfn - PHYS_PFN(pviommu_static.start);
	u32 i;

	for (i = 0; i < map->nr; i++)
		pviommu_static.mfn[pfn + i] = map->mfn + i;
	f->mapped += map->nr;
	pviommu_count(PVIOMMU_PAGES_MAPPED, map->nr);
}

static void submit(struct filler *f, struct pviommu_batch *b);

/* One frame that Xen refuses made it refuse all of the op. */
static void retry_singly(struct filler *f, const struct xen_iommu_op_map *map)
{
	struct pviommu_frames frame = {
		.mfn = map->mfn,
		.domid = DOMID_SELF,
		.flags = NOREF,
	};
	u32 i;

	for (i = 0; i < map->nr; i++, frame.mfn++) {
		if (f->retry.nr == pviommu_xen.max_ops)
			submit(f, &f->retry);
		pviommu_batch_put_map(&f->retry, map->bfn + i, 1, &frame);
	}
	submit(f, &f->retry);
}

/* Runs in process context with interrupts on: Xen may take its time. */
static void submit(struct filler *f, struct pviommu_batch *b)
{
	const struct xen_iommu_op *op;
	unsigned int i;

	pviommu_batch_submit(b);
	for (i = 0; i < b->nr; i++) {
		op = &b->ops[i];
		if (!op->status)
			book(f, &op->u.map);
		else if (op->u.map.nr > 1 && b != &f->retry)
			retry_singly(f, &op->u.map);
	}
	b->nr = 0;
	cond_resched();
}

static void fill(struct filler *f)
{
	u64 base = PHYS_PFN(pviommu_static.start);
	struct pviommu_frames frame = {
		.domid = DOMID_SELF,
		.flags = NOREF,
	};
	unsigned long pfn;

	for (pfn = 0; pfn < pviommu_static.nr; pfn++) {
		frame.mfn = __pfn_to_mfn(pfn);
		/* Foreign, identity and absent frames are above it as well. */
		if (frame.mfn >= PVIOMMU_STATIC_NONE)
			continue;
		if (pviommu_batch_add(&f->batch, base + pfn, 1, &frame))
			continue;
		submit(f, &f->batch);
		pviommu_batch_add(&f->batch, base + pfn, 1, &frame);
	}
	submit(f, &f->batch);
}

static int map_all(void)
{
	struct filler f = { };
	int err;

	err = pviommu_batch_init(&f.batch);
	if (err)
		return err;
	err = pviommu_batch_init(&f.retry);
	if (!err)
		fill(&f);
	pviommu_batch_exit(&f.retry);
	pviommu_batch_exit(&f.batch);
	if (err)
		return err;

	pr_info("static map of %lu of %lu pages, %pR\n", f.mapped,
		pviommu_static.nr, &range.res);

	return f.mapped ? 0 : -EIO;
}

static unsigned long end_of_memory(void)
{
	unsigned long end = 0;
	int node;

	for_each_online_node(node)
		end = max(end, node_end_pfn(node));

	return end;
}

/**
 * pviommu_static_init - map all of dom0's memory
 * @frames: BFNs that Xen has leaf tables for; less those that this takes
 *
 * Return: 0, or a negative errno and nothing has changed.
 */
int pviommu_static_init(u64 *frames)
{
	unsigned long nr = round_up(end_of_memory(), XEN_IOMMUOP_CLAIM_FRAMES);
	int err;

	if (nr > *frames)
		return -ENOSPC;
	pviommu_static.mfn = vmalloc(array_size(nr, sizeof(u32)));
	if (!pviommu_static.mfn)
		return -ENOMEM;
	memset32(pviommu_static.mfn, PVIOMMU_STATIC_NONE, nr);

	err = pviommu_range_take(&range, "xen_pviommu static window", nr,
				 BASE_ALIGN);
	if (err)
		goto free;
	/* Behind the end of the P2M there is no memory. */
	pviommu_static.nr = min(nr, xen_p2m_size);
	pviommu_static.start = range.res.start;
	err = map_all();
	if (err)
		goto give;
	pviommu_static.last = range.res.end;
	*frames -= nr;

	return 0;

give:
	pviommu_range_give(&range);
	pviommu_static.nr = 0;
	pviommu_static.start = NOWHERE;
free:
	vfree(pviommu_static.mfn);
	pviommu_static.mfn = NULL;

	return err;
}

void pviommu_static_exit(void)
{
	if (!pviommu_static.last)
		return;
	pviommu_range_give(&range);
	pviommu_static.start = NOWHERE;
	pviommu_static.last = 0;
	pviommu_static.nr = 0;
	vfree(pviommu_static.mfn);
	pviommu_static.mfn = NULL;
}
