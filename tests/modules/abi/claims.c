// SPDX-License-Identifier: GPL-2.0-only
/* Claims: forbidden overlaps, bounds, and the highest number. */
#include <linux/kernel.h>
#include <asm/xen/page.h>
#include "abi.h"

static int release_gently(u64 bfn, u32 nr)
{
	return abi_one(op_range(XEN_IOMMUOP_release, bfn, nr, 0));
}

static struct xen_iommu_op reserved_at(u32 index)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_query_reserved);

	op.u.reserved.index = index;
	if (abi_call(&op, 1))
		op.status = -EIO;
	return op;
}

static void reserved(struct tap *tap)
{
	bool msi = false;
	u32 index;

	for (index = 0; index < 1000; index++) {
		struct xen_iommu_op op = reserved_at(index);
		const struct xen_iommu_op_reserved *r = &op.u.reserved;
		u64 first = round_down(r->bfn, LEAF);

		if (op.status)
			break;
		msi |= r->type == XEN_IOMMUOP_RESERVED_msi &&
		       r->bfn == 0xfee00 && r->nr == 0x100;
		tap_ok(tap, r->nr && (r->type == XEN_IOMMUOP_RESERVED_msi ||
				      r->type == XEN_IOMMUOP_RESERVED_rmrr),
		       "reserved %u: 0x%llx, 0x%llx frames", index, r->bfn,
		       r->nr);
		tap_is(tap, do_claim(first, LEAF), -EADDRINUSE,
		       "... its first BFN can't be claimed");
		first = round_down(r->bfn + r->nr - 1, LEAF);
		tap_is(tap, do_claim(first, LEAF), -EADDRINUSE,
		       "... its last BFN can't be claimed");
	}
	tap_is(tap, reserved_at(index).status, -ENOENT,
	       "reserved %u: the end of the list", index);
	tap_is(tap, reserved_at(~0u).status, -ENOENT, "reserved ~0");
	tap_ok(tap, msi, "the interrupt address range is among them");
}

static void overlaps(struct tap *tap, u64 base)
{
	tap_is(tap, do_claim(base + 2 * LEAF, 2 * LEAF), 0, "a claim");
	tap_is(tap, do_claim(base + 2 * LEAF, 2 * LEAF), -EEXIST, "it again");
	tap_is(tap, do_claim(base + 2 * LEAF, LEAF), -EEXIST, "its first part");
	tap_is(tap, do_claim(base + 3 * LEAF, LEAF), -EEXIST, "its last part");
	tap_is(tap, do_claim(base + LEAF, 2 * LEAF), -EEXIST, "over its start");
	tap_is(tap, do_claim(base + 3 * LEAF, 2 * LEAF), -EEXIST,
	       "over its end");
	tap_is(tap, do_claim(base, 8 * LEAF), -EEXIST, "around it");
	tap_is(tap, do_claim(base + LEAF, LEAF), 0, "right below it");
	tap_is(tap, do_claim(base + 4 * LEAF, LEAF), 0, "right above it");
	tap_is(tap, abi_usage().claims, 3, "three claims are counted");

	tap_is(tap, release_gently(base + 2 * LEAF, LEAF), -ENOENT,
	       "release of half a claim");
	tap_is(tap, release_gently(base + 3 * LEAF, LEAF), -ENOENT,
	       "release of its other half");
	tap_is(tap, release_gently(base + LEAF, 4 * LEAF), -ENOENT,
	       "release of three claims at once");
	tap_is(tap, release_gently(base + 2 * LEAF, 0), -EINVAL,
	       "release of nothing");
	tap_is(tap, release_gently(base + 2 * LEAF, 2 * LEAF), 0, "release");
	tap_is(tap, release_gently(base + 2 * LEAF, 2 * LEAF), -ENOENT,
	       "release twice");
	tap_is(tap, release_gently(base + LEAF, LEAF), 0, "release below");
	tap_is(tap, release_gently(base + 4 * LEAF, LEAF), 0, "release above");
}

static void ends(struct tap *tap)
{
	u64 top = 1ULL << abi_query.bfn_bits;
	u64 last = ~0ULL - (LEAF - 1);
	u64 own = round_down(virt_to_mfn(empty_zero_page), LEAF);

	tap_is(tap, do_claim(top - LEAF, LEAF), 0, "the last claim of all");
	tap_is(tap, do_release(top - LEAF, LEAF), 0, "... and its release");
	tap_is(tap, do_claim(top, LEAF), -ERANGE, "behind the last BFN");
	tap_is(tap, do_claim(top - LEAF, 2 * LEAF), -ERANGE,
	       "over the last BFN");
	tap_is(tap, do_claim(last, LEAF), -ERANGE, "at the end of 64 bits");
	tap_is(tap, do_claim(last, 2 * LEAF), -ERANGE,
	       "around the end of 64 bits");
	tap_is(tap, do_claim(own, LEAF), -EEXIST, "in the host map");
	tap_is(tap, do_claim(abi_base, XEN_IOMMUOP_MAX_CLAIM), 0,
	       "the largest claim");
	tap_is(tap, do_release(abi_base, XEN_IOMMUOP_MAX_CLAIM), 0,
	       "... and its release");
}

static void count(struct tap *tap, u64 base)
{
	unsigned int i, bad = 0;

	for (i = 0; i < XEN_IOMMUOP_MAX_CLAIMS; i++)
		bad += do_claim(base + i * 2 * LEAF, LEAF) != 0;
	tap_is(tap, bad, 0, "64 claims");
	tap_is(tap, abi_usage().claims, 64, "... are counted");
	tap_is(tap, do_claim(base + i * 2 * LEAF, LEAF), -ENOSPC, "the 65th");
	tap_is(tap, do_release(base, LEAF), 0, "one less");
	tap_is(tap, do_claim(base + i * 2 * LEAF, LEAF), 0, "the 65th now");
	for (bad = 0; i >= 1; i--)
		bad += release_gently(base + i * 2 * LEAF, LEAF) != 0;
	tap_is(tap, bad, 0, "all are released");
}

/* Runs that leave their claim, and BFNs without a claim. */
static void edges(struct tap *tap, u64 base)
{
	u64 mfn = frames_get(2);
	u64 end = base + LEAF;

	tap_is(tap, do_claim(base, LEAF), 0, "a claim");
	tap_is(tap, do_claim(end, LEAF), 0, "and its neighbour");
	tap_is(tap, do_map(base - 1, mfn, 1, RW), -ENOENT,
	       "map below all claims");
	tap_is(tap, do_map(end + LEAF, mfn, 1, RW), -ENOENT,
	       "map above all claims");
	tap_is(tap, do_map(base - 1, mfn, 2, RW), -ENOENT, "map into a claim");
	tap_is(tap, do_map(end + LEAF - 1, mfn, 2, RW), -ENOENT,
	       "map out of a claim");
	tap_is(tap, do_map(end - 2, mfn, 4, RW), -ENOENT,
	       "map from a claim into the next");
	tap_is(tap, do_map(~0ULL, mfn, 2, RW), -ENOENT,
	       "map around the end of 64 bits");
	tap_is(tap, do_map(virt_to_mfn(empty_zero_page), mfn, 1, RW), -ENOENT,
	       "map in the host map");
	tap_is(tap, abi_usage().mapped, 0, "no op mapped anything");

	tap_is(tap, do_map(end - 2, mfn, 2, RW), 0, "up to the end is right");
	tap_is(tap, do_map(end, mfn + 2, 2, RW), 0, "from the start is right");
	tap_is(tap, do_unmap(end - 2, 4), -ENOENT, "unmap over two claims");
	tap_is(tap, do_unmap(~0ULL, 2), -ENOENT,
	       "unmap around the end of 64 bits");
	tap_is(tap, do_unmap(virt_to_mfn(empty_zero_page), 1), -ENOENT,
	       "unmap in the host map");
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_flush, end - 2, 4, 0)),
	       -ENOENT, "flush over two claims");
	tap_is(tap, abi_usage().mapped, 4, "no op unmapped anything");
	tap_is(tap, release_gently(base, LEAF), -EBUSY,
	       "release of a mapped claim");
	tap_is(tap, do_unmap(end - 2, 2), 0, "unmap");
	tap_is(tap, release_gently(base, LEAF), 0, "release after the unmap");
	tap_is(tap, do_release(end, LEAF), 0, "release with unmap");
	tap_is(tap, frames_put(mfn, 2), 0, "the frames go back");
}

void abi_claims(struct tap *tap)
{
	reserved(tap);
	overlaps(tap, abi_base);
	ends(tap);
	count(tap, abi_base);
	edges(tap, abi_base);
}

/* Leaf tables are bounded: a map too many fails, and release frees them. */
void abi_tables(struct tap *tap)
{
	u32 max = abi_query.max_tables, i, nr = (max + 1) * LEAF;
	u64 mfn = frames_get(0);
	int status = 0;

	if (!tap_ok(tap, nr <= XEN_IOMMUOP_MAX_CLAIM,
		    "%u leaf tables fit one claim", max))
		return;
	tap_is(tap, do_claim(abi_base, nr), 0, "a claim of all that and more");
	for (i = 0; i <= max && !status; i++)
		status = do_map(abi_base + (u64)i * LEAF, mfn, 1, RW);
	tap_is(tap, status, -ENOSPC, "a map can need a leaf table too many");
	tap_is(tap, i - 1, max, "... as max_tables says");
	tap_is(tap, abi_usage().tables, max, "... and usage");
	tap_is(tap, do_map(abi_base + 1, mfn, 1, RW), 0,
	       "where a leaf table is, map goes on");
	tap_is(tap, do_unmap(abi_base, 2), 0, "... and unmap");
	tap_is(tap, abi_usage().tables, max, "an empty leaf table stays");
	tap_is(tap, do_release(abi_base, nr), 0, "release");
	tap_is(tap, abi_usage().tables, 0, "... frees them");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
}
