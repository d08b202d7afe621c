// SPDX-License-Identifier: GPL-2.0-only
/*
 * The static map: all of dom0's ordinary memory is mapped once, at BFN = base +
 * PFN, so that a DMA mapping is an addition.
 *
 * Its maps yield: Xen takes a page from the devices before the page becomes a page
 * table, or leaves dom0. Once the page is ordinary again, its next DMA mapping maps the
 * page anew. The same holds for page tables from before the module's start.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "batch.h"
#include "counters.h"
#include "device.h"
#include "map.h"
#include "probe.h"
#include "static.h"
#include "window.h"

#define ACCESS	(XEN_IOMMUOP_MAP_yield | XEN_IOMMUOP_MAP_read | \
		 XEN_IOMMUOP_MAP_write)

/*
 * Alignment of base addresses. The bus address of a buffer is then aligned as its
 * physical address is, and crosses the same segment boundaries (up to
 * 4 GiB).
 */
#define BASE_ALIGN	SZ_4G

struct pviommu_static pviommu_static __read_mostly = { .start = PVIOMMU_NOWHERE };

static struct pviommu_range range;

/* Ops are booked, or sent once more, after each hypercall. */
struct filler {
	struct pviommu_batch batch;
	struct pviommu_batch retry;	/* of one frame an op */
	unsigned long mapped;
};

static void static_book(struct filler *f, const struct xen_iommu_op_map *map)
{
	unsigned long pfn = map->bfn - PHYS_PFN(pviommu_static.start);

	bitmap_clear(pviommu_static.absent, pfn, map->nr);
	f->mapped += map->nr;
	pviommu_count(PVIOMMU_PAGES_MAPPED, map->nr);
}

static void static_submit(struct filler *f, struct pviommu_batch *b);

/* One refused or held frame, and the whole op is refused or held. */
static void retry_singly(struct filler *f, const struct xen_iommu_op_map *map)
{
	struct pviommu_frames frame = {
		.mfn = map->mfn,
		.domid = DOMID_SELF,
		.flags = ACCESS,
	};
	u32 i;

	for (i = 0; i < map->nr; i++, frame.mfn++) {
		if (f->retry.nr == pviommu_xen.max_ops)
			static_submit(f, &f->retry);
		pviommu_batch_append_map(&f->retry, map->bfn + i, 1, &frame);
	}
	static_submit(f, &f->retry);
}

/* A page that is held could never become a page table. */
static bool static_held(const struct xen_iommu_op *op)
{
	if (op->status != XEN_IOMMUOP_STATUS_held)
		return false;
	if (pviommu_unmap_at(op->u.map.bfn, op->u.map.nr))
		pviommu_count(PVIOMMU_LEAKED, op->u.map.nr);

	return true;
}

/* A page table, or a page shared with Xen: not ordinary memory. */
static bool is_not_ordinary(int status)
{
	return status == -EBUSY || pviommu_is_of_the_page(status);
}

/*
 * Runs in process context with interrupts on: Xen may take its time. Refusals of
 * pages for their use are no error.
 */
static void static_submit(struct filler *f, struct pviommu_batch *b)
{
	const struct xen_iommu_op *op;
	unsigned int i;
	long rc;

	if (!b->nr)
		return;
	rc = pviommu_hypercall(b->ops, b->nr);
	pviommu_count(PVIOMMU_OPS, b->nr);
	if (rc)
		pviommu_count(PVIOMMU_ERRORS, 1);
	for (i = 0; i < b->nr && !rc; i++) {
		op = &b->ops[i];
		if (!op->status)
			static_book(f, &op->u.map);
		else if (!static_held(op) && !is_not_ordinary(op->status))
			pviommu_count(PVIOMMU_ERRORS, 1);
		if (op->status && op->u.map.nr > 1)
			retry_singly(f, &op->u.map);
	}
	b->nr = 0;
	cond_resched();
}

/*
 * Make a frame part of the last waiting run, if the frame continues the run. No list:
 * the slots of its frames have no ops, and one refusal refuses the whole list.
 */
static bool static_continues(struct pviommu_batch *b, u64 bfn, u64 mfn)
{
	struct xen_iommu_op_map *map;

	if (!b->nr)
		return false;
	map = &b->last->u.map;
	if (map->bfn + map->nr != bfn || map->mfn + map->nr != mfn ||
	    map->nr == pviommu_xen.max_frames)
		return false;
	map->nr++;

	return true;
}

static void static_fill(struct filler *f)
{
	u64 base = PHYS_PFN(pviommu_static.start);
	struct pviommu_frames frame = {
		.domid = DOMID_SELF,
		.flags = ACCESS,
	};
	unsigned long pfn;

	for (pfn = 0; pfn < pviommu_static.nr; pfn++) {
		frame.mfn = __pfn_to_mfn(pfn);
		if (!pviommu_mfn_is_own(frame.mfn))
			continue;
		if (static_continues(&f->batch, base + pfn, frame.mfn))
			continue;
		if (f->batch.nr == pviommu_xen.max_ops)
			static_submit(f, &f->batch);
		pviommu_batch_append_map(&f->batch, base + pfn, 1, &frame);
	}
	static_submit(f, &f->batch);
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
		static_fill(&f);
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
 * @frames: BFNs within Xen's limit of leaf tables; less those of this call
 *
 * Return: 0, or a negative errno and nothing has changed.
 */
int pviommu_static_init(u64 *frames)
{
	unsigned long nr = round_up(end_of_memory(), XEN_IOMMUOP_CLAIM_FRAMES);
	int err;

	if (nr > *frames)
		return -ENOSPC;
	pviommu_static.absent = vmalloc(nr / BITS_PER_BYTE);
	if (!pviommu_static.absent)
		return -ENOMEM;
	bitmap_fill(pviommu_static.absent, nr);

	err = pviommu_range_take(&range, "xen_pviommu static window", nr,
				 BASE_ALIGN);
	if (err)
		goto free;
	/* Behind the end of the P2M there is no memory. */
	pviommu_static.nr = min(nr, xen_p2m_size);
	pviommu_static.start = range.res.start;
	pviommu_static.yielded = pviommu_watch_bits(&range.watch,
						    PHYS_PFN(range.res.start));
	err = map_all();
	if (err)
		goto release;
	pviommu_static.last = range.res.end;
	*frames -= nr;

	return 0;

release:
	pviommu_range_release(&range);
	pviommu_static.nr = 0;
	pviommu_static.start = PVIOMMU_NOWHERE;
free:
	vfree(pviommu_static.absent);
	pviommu_static.absent = NULL;

	return err;
}

/* Serialises CPUs that map a page anew. */
static DEFINE_SPINLOCK(renew_lock);

/*
 * Map a page of dom0's at its BFN, which yielded, or was never mapped. Other CPUs see
 * one of the two bits meanwhile; the lock is held.
 */
static bool renew_page(struct pviommu_batch *b, unsigned long pfn,
		       unsigned long mfn)
{
	u64 bfn = PHYS_PFN(pviommu_static.start) + pfn;
	struct pviommu_frames frame = {
		.mfn = mfn,
		.domid = DOMID_SELF,
		.flags = ACCESS,
	};

	if (test_bit(pfn, pviommu_static.yielded)) {
		pviommu_op_unmap(b->ops, bfn, 1);
		if (pviommu_batch_single(b))
			return false;
		pviommu_count_flush(PVIOMMU_FLUSH_STRICT, 0);
		pviommu_count(PVIOMMU_PAGES_UNMAPPED, 1);
		set_bit(pfn, pviommu_static.absent);
		/* Pairs with pviommu_static_hit(). */
		smp_mb__before_atomic();
		clear_bit(pfn, pviommu_static.yielded);
	}
	pviommu_op_map(b->ops, bfn, 1, &frame);
	switch (pviommu_batch_single(b)) {
	case 0:
		break;
	case XEN_IOMMUOP_STATUS_held:
		pviommu_op_unmap(b->ops, bfn, 1);
		pviommu_batch_single(b);
		fallthrough;
	default:
		return false;
	}
	pviommu_count(PVIOMMU_PAGES_MAPPED, 1);
	/* The map comes before the visible bit. */
	smp_mb__before_atomic();
	clear_bit(pfn, pviommu_static.absent);

	return true;
}

static bool static_renew(struct pviommu_device *pd, unsigned long pfn)
{
	unsigned long mfn = __pfn_to_mfn(pfn), flags;
	bool hit;

	if (pfn >= pviommu_static.nr || !pviommu_mfn_is_own(mfn))
		return false;
	spin_lock_irqsave(&renew_lock, flags);
	hit = pviommu_static_hit(pfn);
	if (!hit && renew_page(pviommu_batch_here(), pfn, mfn)) {
		pviommu_count_device(pd, PVIOMMU_STATIC_RENEWED, 1);
		hit = true;
	}
	spin_unlock_irqrestore(&renew_lock, flags);

	return hit;
}

/**
 * pviommu_static_renew - map pages of a buffer anew that the static map lost
 * @pd: the device
 * @phys: pseudo-physical address
 * @size: bytes
 *
 * Context: any but NMI, this CPU's batch not in use.
 * Return: the bus address, or 0 if a page is none of dom0's ordinary ones.
 */
dma_addr_t pviommu_static_renew(struct pviommu_device *pd, phys_addr_t phys,
				size_t size)
{
	unsigned long pfn = PHYS_PFN(phys), last = PHYS_PFN(phys + size - 1);

	do {
		if (!pviommu_static_hit(pfn) && !static_renew(pd, pfn))
			return 0;
	} while (pfn++ < last);

	return pviommu_static.start + phys;
}

void pviommu_static_exit(void)
{
	if (!pviommu_static.last)
		return;
	pviommu_range_release(&range);
	pviommu_static.start = PVIOMMU_NOWHERE;
	pviommu_static.last = 0;
	pviommu_static.nr = 0;
	vfree(pviommu_static.absent);
	pviommu_static.absent = NULL;
}
