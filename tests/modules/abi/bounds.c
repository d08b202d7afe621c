// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's longest work without a look at other work, in instructions: under QEMU's
 * instruction clock a nanosecond is an instruction. Nothing waits here, so every
 * op goes to its end.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include "abi.h"

/* docs/iommu-op.md, Bounds. */
#define LIMIT	1000000

#define MOST	XEN_IOMMUOP_MAX_FRAMES

static int timed(struct xen_iommu_op *op, unsigned int count, s64 *insns)
{
	ktime_t begin = ktime_get();
	long rc = abi_call(op, count);

	*insns = ktime_to_ns(ktime_sub(ktime_get(), begin));

	return rc ?: op->status;
}

static void one(struct tap *tap, struct xen_iommu_op op, const char *what)
{
	s64 insns;
	int err = timed(&op, 1, &insns);

	tap_is(tap, err, 0, "%s", what);
	tap_ok(tap, insns < LIMIT, "%s: %lld instructions, under %d", what,
	       insns, LIMIT);
}

static void most_frames(struct tap *tap, u64 base, u64 mfn)
{
	unsigned int i;

	tap_is(tap, do_claim(base, MOST), 0, "a claim");
	for (i = 0; i < 2; i++) {
		one(tap, op_map(base, mfn, MOST, RW),
		    i ? "map with tables" : "map that makes its tables");
		one(tap, op_range(XEN_IOMMUOP_unmap, base, MOST, 0), "unmap");
	}
	one(tap, op_map(base, mfn, MOST, RW), "map");
	one(tap, op_range(XEN_IOMMUOP_unmap, base, MOST,
			  XEN_IOMMUOP_UNMAP_defer), "unmap, deferred");
	one(tap, op_range(XEN_IOMMUOP_flush, base, MOST, 0), "flush");
	one(tap, op_map(base, mfn, MOST, RW), "map");
	one(tap, op_range(XEN_IOMMUOP_release, base, MOST,
			  XEN_IOMMUOP_RELEASE_unmap), "release, all mapped");
}

static void most_claims(struct tap *tap, u64 base)
{
	const u32 nr = XEN_IOMMUOP_MAX_CLAIM;
	unsigned int i, bad = 0;

	one(tap, op_range(XEN_IOMMUOP_claim, base, nr, 0),
	    "claim of the largest size");
	for (i = 1; i < XEN_IOMMUOP_MAX_CLAIMS; i++)
		bad += do_claim(base + i * (u64)nr, nr) != 0;
	tap_is(tap, bad, 0, "64 of them");
	one(tap, op_bare(XEN_IOMMUOP_usage), "usage of them all");
	one(tap, op_range(XEN_IOMMUOP_release, base, nr, 0),
	    "release of an empty claim");
	for (i = 1, bad = 0; i < XEN_IOMMUOP_MAX_CLAIMS; i++)
		bad += do_release(base + i * (u64)nr, nr) != 0;
	tap_is(tap, bad, 0, "the others are released");
}

void abi_bounds(struct tap *tap)
{
	u64 mfn = frames_get(11);

	if (!tap_ok(tap, mfn, "frames in a row"))
		return;
	most_frames(tap, abi_base, mfn);
	most_claims(tap, abi_base);
	tap_is(tap, frames_put(mfn, 11), 0, "the frames go back");
}
