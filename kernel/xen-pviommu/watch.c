// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watch pages are zeroed memory, given to Xen claim by claim, and Xen's until the
 * claim is released. Two claims may share one.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/vmalloc.h>
#include <xen/page.h>

#include "map.h"
#include "probe.h"
#include "desc.h"
#include "window.h"
#include "xencall.h"

/**
 * pviommu_watch_new - memory for the bits of BFNs, none of which is set
 * @watch: set to it
 * @bfn: first BFN
 * @nr: how many
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int pviommu_watch_new(struct pviommu_watch *watch, u64 bfn, u64 nr)
{
	u64 first = round_down(bfn, XEN_IOMMUOP_WATCH_FRAMES);
	u64 end = round_up(bfn + nr, XEN_IOMMUOP_WATCH_FRAMES);

	*watch = (struct pviommu_watch){
		.first = first,
		.nr = end - first,
		.bits = vzalloc((end - first) / BITS_PER_BYTE),
	};

	return watch->bits ? 0 : -ENOMEM;
}

/* No claim has it any more. */
void pviommu_watch_free(struct pviommu_watch *watch)
{
	vfree(watch->bits);
	watch->bits = NULL;
}

static unsigned long frame_of(const struct pviommu_watch *watch, u64 bfn)
{
	return __pfn_to_mfn(vmalloc_to_pfn(pviommu_watch_bits(watch, bfn)));
}

/* As many pages of [bfn, end) as follow each other in the machine. */
static int give_some(const struct pviommu_watch *watch, u64 bfn, u64 end,
		     u64 *given)
{
	struct xen_iommu_op op = {
		.op = XEN_IOMMUOP_watch,
		.u.watch = {
			.bfn = bfn,
			.mfn = frame_of(watch, bfn),
		},
	};
	u32 nr = 0;

	do {
		nr++;
		bfn = round_down(bfn, XEN_IOMMUOP_WATCH_FRAMES) +
		      XEN_IOMMUOP_WATCH_FRAMES;
	} while (bfn < end && frame_of(watch, bfn) == op.u.watch.mfn + nr);
	op.u.watch.nr = nr;
	*given = bfn;

	return pviommu_hypercall_op(&op);
}

/**
 * pviommu_watch_give - let Xen have the pages for a claim
 * @watch: has the bits of the claim's BFNs
 * @bfn: first BFN of the claim
 * @nr: its length
 *
 * Context: process.
 * Return: 0, also when Xen has no maps that yield; or a negative errno, told to
 * the log: then the claim is of no use.
 */
int pviommu_watch_give(const struct pviommu_watch *watch, u64 bfn, u64 nr)
{
	u64 end = bfn + nr, at = bfn;
	int err = 0;

	if (!pviommu_xen.yield)
		return 0;
	while (at < end && !err)
		err = give_some(watch, at, end, &at);
	if (err)
		pr_err("Xen does not take the watch pages of BFNs %#llx+%#llx: error %d\n",
		       bfn, nr, err);

	return err;
}

/* See pviommu_yielded(): a neighbour yielded, or the run has more than a word of bits. */
bool pviommu_yielded_look(const struct pviommu_window *w, u64 bfn,
			  unsigned int order)
{
	unsigned long first = pviommu_run_start(bfn, order);
	unsigned long end = first + BIT(order);

	return find_next_bit(w->watch, end, first) < end;
}

/* How many BFNs of a run. */
unsigned long pviommu_yielded_nr(const struct pviommu_window *w, u64 bfn,
				 unsigned int order)
{
	unsigned long first = pviommu_run_start(bfn, order);
	unsigned long end = first + BIT(order);
	unsigned long nr = 0, bit;

	for (bit = first; bit < end; bit++)
		nr += test_bit(bit, w->watch);

	return nr;
}

/*
 * The run has been unmapped, and is about to be freed: Xen has set its last bit. Xen may
 * set bits of neighbours in the same word at any time.
 */
void pviommu_yielded_clear(struct pviommu_window *w, u64 bfn,
			   unsigned int order)
{
	unsigned long first = pviommu_run_start(bfn, order);
	unsigned long end = first + BIT(order);
	unsigned long bit;

	for (bit = first; bit < end; bit++)
		if (test_bit(bit, w->watch))
			clear_bit(bit, w->watch);
}

/*
 * Pages of a mapping were freed, and became page tables or left dom0, under the
 * driver's mapping. The cost is the device's alone, whose DMA faults.
 */
void pviommu_stale(struct pviommu_device *pd, struct pviommu_window *w, u64 bfn,
		   unsigned int order)
{
	pviommu_count_device(pd, PVIOMMU_STALE,
			     pviommu_yielded_nr(w, bfn, order));
	if (pd->told_stale)
		return;
	pd->told_stale = true;
	dev_warn(pd->dev, "memory was freed while BFN %#llx mapped it for the device\n",
		 bfn);
}

/* Is the BFN part of a run that a driver has mapped? */
static bool is_live(struct pviommu_window *w, u64 bfn)
{
	unsigned int order;
	const u64 *slot;
	u64 first, desc;

	for (order = 0; order <= ilog2(PVIOMMU_DESC_MAX_NR) + 1; order++) {
		first = pviommu_run_start(bfn, order);
		if (first < w->bfns.start)
			return false;
		slot = bfn_slot(&w->bfns, first);
		desc = slot ? READ_ONCE(*slot) : 0;
		if (desc && pviommu_desc_order(desc) >= order)
			return true;
	}

	return false;
}

/**
 * pviommu_yielded_live - yielded BFNs under a driver's mapping
 * @w: the window
 *
 * A run that starts before its first page, for a wide alignment, is not
 * found.
 *
 * Context: any but NMI; a look at each bit of the window.
 */
u64 pviommu_yielded_live(struct pviommu_window *w)
{
	u64 end = w->bfns.start + w->bfns.nr, nr = 0;
	unsigned long bfn;

	if (!w->last)
		return 0;
	bfn = find_next_bit(w->watch, end, w->bfns.start);
	for (; bfn < end; bfn = find_next_bit(w->watch, end, bfn + 1)) {
		rcu_read_lock_sched();
		nr += is_live(w, bfn);
		rcu_read_unlock_sched();
	}

	return nr;
}
