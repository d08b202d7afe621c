// SPDX-License-Identifier: GPL-2.0-only
/*
 * The windows for dynamic maps: the high window, and low.c's.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/printk.h>

#include "window.h"
#include "xencall.h"

struct pviommu_window pviommu_high __read_mostly = { .start = PVIOMMU_NOWHERE };

static int high_init(u64 most)
{
	struct pviommu_window *w = &pviommu_high;
	int err;

	err = pviommu_range_take_most(&w->range, "xen_pviommu high window",
				      most);
	if (err)
		return err;
	err = bfn_window_init(&w->bfns, PHYS_PFN(w->range.res.start),
			      PHYS_PFN(resource_size(&w->range.res)));
	if (err) {
		pviommu_range_release(&w->range);
		return err;
	}
	w->watch = pviommu_watch_words(&w->range.watch);
	w->start = w->range.res.start;
	w->last = w->range.res.end;
	pr_info("%s %pR\n", w->range.res.name, &w->range.res);

	return 0;
}

static void high_exit(void)
{
	struct pviommu_window *w = &pviommu_high;

	if (!w->last)
		return;
	bfn_window_destroy(&w->bfns);
	pviommu_range_release(&w->range);
	w->start = PVIOMMU_NOWHERE;
	w->last = 0;
}

/**
 * pviommu_windows_init - take the windows for dynamic maps
 * @max_frames: BFNs that Xen has leaf tables for, for both of them
 *
 * Return: 0 if there is at least one.
 */
int pviommu_windows_init(u64 max_frames)
{
	int err;

	if (max_frames < XEN_IOMMUOP_CLAIM_FRAMES)
		return -ENOSPC;
	if (pviommu_low_init(max_frames))
		pr_info("no window below 4 GiB: 32-bit devices stay on xen-swiotlb\n");
	err = high_init(min(PFN_PHYS(rounddown_pow_of_two(max_frames)),
			    PFN_PHYS((u64)XEN_IOMMUOP_MAX_CLAIM)));
	if (err)
		pr_info("no room for a window above the host's RAM: error %d\n",
			err);

	return pviommu_high.last || pviommu_low.last ? 0 : err;
}

void pviommu_windows_exit(void)
{
	high_exit();
	pviommu_low_exit();
}

/**
 * pviommu_window_more - let a window grow at once, for a caller that can wait
 * @limit: the highest address that is of use
 *
 * Context: process.
 * Return: whether it makes sense to try again.
 */
bool pviommu_window_more(u64 limit)
{
	return pviommu_window_under(limit) == &pviommu_low && pviommu_low_more();
}
