// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of BFNs: reserved in the resource tree, and claimed from Xen.
 *
 * A bridge or switch could catch a bus address that is also a BAR on its way up. A
 * range must therefore be a hole in the machine's address map. The resource tree of
 * dom0 has all BARs and bridge windows, but of the host's RAM only dom0's part. The
 * module allocates in the tree, which also keeps later BARs out of the range. Xen has
 * the last word, because only Xen knows its reserved ranges and the host map: after a
 * refusal the module tries another place.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "probe.h"
#include "window.h"
#include "xencall.h"

#define CLAIM_BYTES	PFN_PHYS((u64)XEN_IOMMUOP_CLAIM_FRAMES)
#define MAX_CLAIM_BYTES	PFN_PHYS((u64)XEN_IOMMUOP_MAX_CLAIM)

/*
 * Address bits of devices: most 64, some 40; Intel's graphics and many NICs 39;
 * wireless devices 36. Addresses below 8 GiB are left to processes, which choose
 * theirs (VFIO) from 4 GiB on.
 */
static const u64 limits[] = {
	DMA_BIT_MASK(36), DMA_BIT_MASK(39), DMA_BIT_MASK(40), DMA_BIT_MASK(64),
};

#define FIRST		(2 * (u64)SZ_4G)
#define GOOD_SIZE	SZ_4G

/* Places to try in one hole before a smaller range is tried everywhere. */
#define TRIES		8

static int claim_op(unsigned int opcode, unsigned int flags, u64 start, u64 size)
{
	struct xen_iommu_op op = {
		.op = opcode,
		.flags = flags,
		.u.range = {
			.bfn = PHYS_PFN(start),
			.nr = PHYS_PFN(size),
		},
	};

	return pviommu_hypercall_op(&op);
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
 * Above the host's RAM, holes outside of all PCI host bridges come first. Next are
 * holes that a host bridge would decode without a BAR or bridge window there.
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

/* Unmaps all remaining maps of the range. */
void pviommu_range_release(struct pviommu_range *r)
{
	if (!r->res.parent)
		return;
	pviommu_unclaim(r->res.start, r->res.end + 1);
	release_resource(&r->res);
	pviommu_watch_free(&r->watch);
}

/* Give Xen the watch pages of a claimed range, or release the claim. */
static int range_watch(struct pviommu_range *r)
{
	u64 start = r->res.start, end = r->res.end + 1, size;
	int err;

	err = pviommu_watch_new(&r->watch, PHYS_PFN(start),
				PHYS_PFN(end - start));
	for (; start < end && !err; start += size) {
		size = min(end - start, MAX_CLAIM_BYTES);
		err = pviommu_watch_give(&r->watch, PHYS_PFN(start),
					 PHYS_PFN(size));
	}
	if (err)
		pviommu_range_release(r);

	return err;
}

/* The lowest of the @frames BFNs that there are room for, below @limit. */
static int take_under(struct pviommu_range *r, const char *name, u64 frames,
		      u64 limit, u64 align)
{
	u64 top = PFN_PHYS(1ULL << pviommu_xen.bfn_bits) - 1;
	u64 above_ram = PFN_PHYS(pviommu_xen.max_ram);
	int err;

	err = range_take(r, name, frames, max_t(u64, above_ram, FIRST),
			 min(top, limit), align);
	if (!err || limit < top)
		return err;

	return range_take(r, name, frames, max_t(u64, above_ram, SZ_4G), top,
			  align);
}

/**
 * pviommu_range_take - reserve and claim a range of BFNs above the host's RAM
 * @r: the range
 * @name: its name in /proc/iomem
 * @frames: number of BFNs, a multiple of 512
 * @align: alignment in bytes, a power of two, at least 2 MiB
 *
 * As low as possible, for as many devices as possible.
 *
 * Return: 0 or a negative errno.
 */
int pviommu_range_take(struct pviommu_range *r, const char *name, u64 frames,
		       u64 align)
{
	unsigned int i;
	int err = -ENOSPC;

	for (i = 0; i < ARRAY_SIZE(limits) && err; i++)
		err = take_under(r, name, frames, limits[i], align);

	return err ?: range_watch(r);
}

/* The largest power of two of bytes between @most and @least that is free. */
static int take_most(struct pviommu_range *r, const char *name, u64 most,
		     u64 least, u64 limit)
{
	int err = -ENOSPC;
	u64 bytes;

	for (bytes = most; err && bytes >= least; bytes >>= 1)
		err = take_under(r, name, PHYS_PFN(bytes), limit,
				 min_t(u64, bytes, SZ_1G));

	return err;
}

/**
 * pviommu_range_take_most - the same, of as many BFNs as there is room for
 * @r: the range
 * @name: its name in /proc/iomem
 * @most: bytes, a power of two
 *
 * Of some size where many devices reach it, or else any.
 *
 * Return: 0 or a negative errno.
 */
int pviommu_range_take_most(struct pviommu_range *r, const char *name, u64 most)
{
	unsigned int i;
	int err = -ENOSPC;

	for (i = 0; i < ARRAY_SIZE(limits) - 1 && err; i++)
		err = take_most(r, name, most, GOOD_SIZE, limits[i]);
	if (err)
		err = take_most(r, name, most, CLAIM_BYTES, limits[i]);

	return err ?: range_watch(r);
}
