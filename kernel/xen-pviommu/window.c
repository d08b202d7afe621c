// SPDX-License-Identifier: GPL-2.0
/*
 * Where our BFNs are.
 *
 * A bus address that is also a BAR could be caught by a bridge or switch on
 * its way up, so that a range must be a hole in the machine's address map. The
 * resource tree of dom0 has all BARs and bridge windows (of the host's RAM only
 * dom0's part). We allocate in it, which also keeps later BARs out of the range.
 * Xen has the last word, as it alone knows its reserved ranges and the host
 * map: where it refuses the claim we try another place.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "xencall.h"
#include "probe.h"
#include "window.h"

#define CLAIM_BYTES	PFN_PHYS((u64)XEN_IOMMUOP_CLAIM_FRAMES)
#define MAX_CLAIM_BYTES	PFN_PHYS((u64)XEN_IOMMUOP_MAX_CLAIM)

/* Many PCI devices drive 40 address bits; the high window is there if it can. */
#define HIGH_PREFERRED	DMA_BIT_MASK(40)
#define HIGH_GOOD_SIZE	SZ_4G
#define LOW_SIZE	SZ_1G

/* Places to try in one hole before a smaller range is tried everywhere. */
#define TRIES		8

/* No address is in a window that starts behind them all. */
#define NOWHERE		(~0ULL)

struct pviommu_window pviommu_high __read_mostly = { .start = NOWHERE };
struct pviommu_window pviommu_low __read_mostly = { .start = NOWHERE };

static int claim_op(unsigned int what, unsigned int flags, u64 start, u64 size)
{
	struct xen_iommu_op op = {
		.op = what,
		.flags = flags,
		.u.range = {
			.bfn = PHYS_PFN(start),
			.nr = PHYS_PFN(size),
		},
	};

	return pviommu_hypercall_one(&op);
}

/* Release [start, end), which was claimed in parts of MAX_CLAIM_BYTES. */
void pviommu_unclaim(u64 start, u64 end)
{
	u64 size;
	int err;

	for (; start < end; start += size) {
		size = min(end - start, MAX_CLAIM_BYTES);
		err = claim_op(XEN_IOMMUOP_release, XEN_IOMMUOP_RELEASE_unmap,
			       start, size);
		if (err)
			pr_err("release of claim %#llx+%#llx: error %d\n",
			       start, size, err);
	}
}

/* All of [first, end), or nothing and a negative errno. */
int pviommu_claim(u64 first, u64 end)
{
	u64 start, size;
	int err;

	for (start = first; start < end; start += size) {
		size = min(end - start, MAX_CLAIM_BYTES);
		err = claim_op(XEN_IOMMUOP_claim, 0, start, size);
		if (err) {
			pviommu_unclaim(first, start);
			return err;
		}
	}

	return 0;
}

/* Try some places in the holes between the children of @parent. */
static int take_below(struct resource *parent, struct resource *res, u64 size,
		      u64 min, u64 max, u64 align)
{
	int tries, err;

	for (tries = 0; tries < TRIES; tries++) {
		if (allocate_resource(parent, res, size, min, max, align,
				      NULL, NULL))
			return -ENOSPC;
		err = pviommu_claim(res->start, res->end + 1);
		if (!err)
			return 0;
		min = res->start + max(align, CLAIM_BYTES);
		release_resource(res);
		if (err != -EEXIST && err != -EADDRINUSE)
			return err;
	}

	return -ENOSPC;
}

/*
 * Above the host's RAM, holes outside of all PCI host bridges come first. Then
 * those that a host bridge would decode but no BAR or bridge window uses.
 */
static int range_take(struct pviommu_range *r, const char *name, u64 frames,
		      u64 min, u64 max, u64 align)
{
	u64 size = PFN_PHYS(frames);
	struct pci_bus *bus = NULL;
	struct resource *parent;
	int err = -ENOSPC, i;

	r->res = (struct resource){
		.name = name,
		.flags = IORESOURCE_MEM | IORESOURCE_BUSY,
	};

	if (min >= PFN_PHYS(pviommu_xen.max_ram))
		err = take_below(&iomem_resource, &r->res, size, min, max,
				 align);
	while (err && (bus = pci_find_next_bus(bus))) {
		pci_bus_for_each_resource(bus, parent, i) {
			if (!parent || parent == &iomem_resource ||
			    resource_type(parent) != IORESOURCE_MEM)
				continue;
			err = take_below(parent, &r->res, size, min, max,
					 align);
			if (!err)
				break;
		}
	}

	return err;
}

/* Unmaps what is still mapped in it. */
void pviommu_range_give(struct pviommu_range *r)
{
	if (!r->res.parent)
		return;
	pviommu_unclaim(r->res.start, r->res.end + 1);
	release_resource(&r->res);
}

/**
 * pviommu_range_take - reserve and claim a range of BFNs
 * @r: the range
 * @name: its name in /proc/iomem
 * @frames: number of BFNs, a multiple of 512
 * @first: lowest address it may have
 * @max: highest address it may have
 * @align: alignment in bytes, a power of two, at least 2 MiB
 *
 * In the upper half of what many devices drive, if it can: processes choose
 * their addresses (VFIO) from 4 GiB on.
 *
 * Return: 0 or a negative errno.
 */
int pviommu_range_take(struct pviommu_range *r, const char *name, u64 frames,
		       u64 first, u64 max, u64 align)
{
	u64 good = min(max, HIGH_PREFERRED), half = good / 2 + 1;
	int err;

	if (half > first && half >= SZ_4G) {
		err = range_take(r, name, frames, half, good, align);
		if (!err)
			return 0;
	}

	return range_take(r, name, frames, first, max, align);
}

/* The largest power of two of BFNs between @most and @least that is free. */
static int window_take(struct pviommu_window *w, const char *name, u64 most,
		       u64 least, u64 min, u64 max)
{
	u64 bytes, frames;
	int err = -ENOSPC;

	for (bytes = most; bytes >= least && bytes >= CLAIM_BYTES; bytes >>= 1) {
		err = pviommu_range_take(&w->range, name, PHYS_PFN(bytes), min,
					 max, min_t(u64, bytes, SZ_1G));
		if (!err)
			break;
	}
	if (err)
		return err;

	frames = PHYS_PFN(resource_size(&w->range.res));
	err = bfn_window_init(&w->bfns, PHYS_PFN(w->range.res.start), frames);
	if (err) {
		pviommu_range_give(&w->range);
		return err;
	}
	w->start = w->range.res.start;
	w->last = w->range.res.end;
	pr_info("%s %pR\n", name, &w->range.res);

	return 0;
}

static void window_give(struct pviommu_window *w)
{
	if (!w->last)
		return;
	bfn_window_destroy(&w->bfns);
	pviommu_range_give(&w->range);
	w->start = NOWHERE;
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
	u64 above_ram = PFN_PHYS(pviommu_xen.max_ram);
	u64 top = PFN_PHYS(1ULL << pviommu_xen.bfn_bits) - 1;
	u64 most;
	int err;

	if (max_frames < XEN_IOMMUOP_CLAIM_FRAMES)
		return -ENOSPC;
	most = PFN_PHYS(rounddown_pow_of_two(max_frames));

	if (window_take(&pviommu_low, "xen_pviommu low window", min_t(u64, LOW_SIZE, most),
			CLAIM_BYTES, SZ_1M, min(top, DMA_BIT_MASK(32))))
		pr_info("no room for a window below 4 GiB: 32-bit devices stay on xen-swiotlb\n");

	most = min(most, MAX_CLAIM_BYTES);
	above_ram = max_t(u64, above_ram, SZ_4G);
	err = window_take(&pviommu_high, "xen_pviommu high window", most, HIGH_GOOD_SIZE,
			  above_ram, min(top, HIGH_PREFERRED));
	if (err)
		err = window_take(&pviommu_high, "xen_pviommu high window", most,
				  CLAIM_BYTES, above_ram, top);
	if (err)
		pr_info("no room for a window above the host's RAM: error %d\n",
			err);

	return pviommu_high.last || pviommu_low.last ? 0 : err;
}

void pviommu_windows_exit(void)
{
	window_give(&pviommu_high);
	window_give(&pviommu_low);
}
