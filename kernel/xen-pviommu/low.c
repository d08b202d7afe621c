// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window below 4 GiB, for devices of 32 address bits. Room is short there, and
 * shared: bridges of plugged devices, and virtual functions that are switched on, find
 * their room there as well. The window takes a step at a time, on demand, from the top
 * of a hole downwards: the kernel gives BARs from the bottom. The window never takes
 * more than half of the hole.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "params.h"
#include "probe.h"
#include "window.h"

#define STEP		((u64)SZ_64M)

/* Unused chunks that make the window grow: half of a step. */
#define FEW		(STEP / 2 / PFN_PHYS((u64)BFN_CHUNK_SIZE))

struct pviommu_window pviommu_low __read_mostly = { .start = PVIOMMU_NOWHERE };

/* Serialises steps. */
static DEFINE_MUTEX(low_lock);

/* Each step is a claim of its own, given back as such. */
static u64 bottom;	/* the window will not grow below it */
static bool stopped;	/* nor at all any more */

/* The highest place for @size below 4 GiB that @parent has, or 0. */
static u64 highest_hole(struct resource *parent, u64 size)
{
	u64 start = 0, min = SZ_1M;
	struct resource hole = { .name = "xen_pviommu", .flags = IORESOURCE_MEM };

	while (!allocate_resource(parent, &hole, size, min, DMA_BIT_MASK(32),
				  STEP, NULL, NULL)) {
		start = hole.start;
		min = start + STEP;
		release_resource(&hole);
		hole = (struct resource){
			.name = "xen_pviommu",
			.flags = IORESOURCE_MEM,
		};
	}

	return start;
}

static int claim_step(struct pviommu_window *w, u64 start)
{
	int err = pviommu_claim(start, start + STEP);

	if (err)
		return err;
	err = pviommu_watch_give(&w->range.watch, PHYS_PFN(start),
				 PHYS_PFN(STEP));
	if (err)
		pviommu_unclaim(start, start + STEP);

	return err;
}

/* Reserve and claim [start, start + STEP), below the present window. */
static int take_step(struct pviommu_window *w, u64 start)
{
	struct resource *res = &w->range.res;
	int err;

	err = adjust_resource(res, start, res->end + 1 - start);
	if (err)
		return err;
	err = claim_step(w, start);
	if (err)
		adjust_resource(res, start + STEP, res->end + 1 - start - STEP);

	return err;
}

/* The first one, of the range [start, end). */
static int take_first(struct pviommu_window *w, struct resource *parent,
		      u64 end)
{
	int err;

	w->range.res = (struct resource){
		.name = "xen_pviommu low window",
		.start = end - STEP,
		.end = end - 1,
		.flags = IORESOURCE_MEM | IORESOURCE_BUSY,
	};
	err = request_resource(parent, &w->range.res);
	if (err)
		return err;
	err = claim_step(w, end - STEP);
	if (err)
		release_resource(&w->range.res);

	return err;
}

static void release_steps(struct pviommu_window *w)
{
	u64 start;

	for (start = w->range.res.start; start < w->range.res.end; start += STEP)
		pviommu_unclaim(start, start + STEP);
	release_resource(&w->range.res);
	pviommu_watch_free(&w->range.watch);
}

/* A hole of twice the size; the window takes the upper half. */
static int take_in(struct pviommu_window *w, struct resource *parent, u64 size)
{
	u64 start = highest_hole(parent, 2 * size);
	int err;

	if (!start)
		return -ENOSPC;
	bottom = start + size;
	err = pviommu_watch_new(&w->range.watch, PHYS_PFN(bottom),
				PHYS_PFN(size));
	if (err)
		return err;
	err = take_first(w, parent, bottom + size);
	if (err)
		pviommu_watch_free(&w->range.watch);

	return err;
}

static int take_somewhere(struct pviommu_window *w, u64 size)
{
	struct pci_bus *bus = NULL;
	struct resource *parent;
	int err, i;

	while ((bus = pci_find_next_bus(bus))) {
		pci_bus_for_each_resource(bus, parent, i) {
			if (!parent || parent == &iomem_resource ||
			    resource_type(parent) != IORESOURCE_MEM)
				continue;
			err = take_in(w, parent, size);
			if (!err)
				return 0;
		}
	}

	return -ENOSPC;
}

/* Called with the lock held. Return: false at the largest size. */
static bool low_grow(void)
{
	struct pviommu_window *w = &pviommu_low;
	u64 start = w->start - STEP;
	int err;

	err = stopped || start < bottom ? -ENOSPC : take_step(w, start);
	if (err) {
		/* Xen may have memory another time. */
		WRITE_ONCE(stopped, err != -ENOMEM);
		return false;
	}
	/* Addresses are ours before one of them is handed out. */
	WRITE_ONCE(w->start, start);
	bfn_window_open(&w->bfns, PHYS_PFN(start), PHYS_PFN(STEP));

	return true;
}

static void grow_work(struct work_struct *work)
{
	mutex_lock(&low_lock);
	low_grow();
	mutex_unlock(&low_lock);
}

static DECLARE_WORK(growth, grow_work);

/* From any context: the allocator is short of chunks. */
static void low_ask(void)
{
	if (!READ_ONCE(stopped))
		schedule_work(&growth);
}

/* See pviommu_window_more(). */
bool pviommu_low_more(void)
{
	bool more;

	mutex_lock(&low_lock);
	more = low_grow();
	mutex_unlock(&low_lock);

	return more;
}

/**
 * pviommu_low_init - take the first step of the low window
 * @max_frames: BFNs that Xen has leaf tables for
 *
 * Return: 0, or a negative errno if there is none.
 */
int pviommu_low_init(u64 max_frames)
{
	u64 size = min(pviommu_params.low_mb * (u64)SZ_1M, PFN_PHYS(max_frames));
	struct pviommu_window *w = &pviommu_low;
	int err = -ENOSPC;

	size = min(round_down(size, STEP), (u64)SZ_2G - STEP);
	for (; err && size; size -= STEP)
		err = take_somewhere(w, size);
	if (err)
		return err;
	w->last = w->range.res.end;
	w->start = w->range.res.start;
	err = bfn_window_init(&w->bfns, PHYS_PFN(bottom),
			      PHYS_PFN(w->last + 1 - bottom));
	if (err) {
		release_steps(w);
		w->start = PVIOMMU_NOWHERE;
		w->last = 0;
		return err;
	}
	w->watch = pviommu_watch_words(&w->range.watch);
	bfn_window_close(&w->bfns);
	bfn_window_open(&w->bfns, PHYS_PFN(w->start), PHYS_PFN(STEP));
	w->bfns.few = FEW;
	w->bfns.ask_chunks = low_ask;
	stopped = false;
	pr_info("%s %pR, down to %#llx as it is needed\n", w->range.res.name,
		&w->range.res, bottom);

	return 0;
}

void pviommu_low_exit(void)
{
	struct pviommu_window *w = &pviommu_low;

	if (!w->last)
		return;
	WRITE_ONCE(stopped, true);
	cancel_work_sync(&growth);
	bfn_window_destroy(&w->bfns);
	release_steps(w);
	w->start = PVIOMMU_NOWHERE;
	w->last = 0;
}
