// SPDX-License-Identifier: GPL-2.0-only
/* map_list: frames one by one, in slots of the array without an op. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "abi.h"

#define MAX_LIST	XEN_IOMMUOP_MAX_LIST
#define NR		8	/* frames to attack with: their order is 3 */

/* Is the frame writable by some map? Then it can't become a page table. */
static bool is_held(u64 mfn)
{
	if (frame_pin_l1(mfn, true))
		return true;
	frame_pin_l1(mfn, false);
	return false;
}

static unsigned int nr_held(u64 mfn)
{
	unsigned int i, held = 0;

	for (i = 0; i < NR; i++)
		held += is_held(mfn + i);
	return held;
}

/* Each BFN has the frame of its place in the list. */
static void good(struct tap *tap, u64 mfn)
{
	u64 mfns[] = { mfn + 5, mfn, mfn + 3, mfn + 7, mfn + 5, mfn + 1 };
	unsigned int i;

	tap_is(tap, do_list(abi_base, mfns, ARRAY_SIZE(mfns), RW), 0,
	       "a list of six, one of them twice");
	tap_is(tap, abi_usage().mapped, ARRAY_SIZE(mfns), "... is counted");
	tap_is(tap, nr_held(mfn), 5, "... holds five frames");
	for (i = 0; i < ARRAY_SIZE(mfns); i++) {
		tap_ok(tap, is_held(mfns[i]), "BFN %u holds its frame", i);
		tap_is(tap, do_unmap(abi_base + i, 1), 0, "... its unmap");
		tap_is(tap, is_held(mfns[i]), i == 0, "... and not then");
	}
	tap_is(tap, do_list(abi_base, mfns, 4, RO), 0, "four to read");
	tap_is(tap, nr_held(mfn), 0, "... may be page tables");
	tap_is(tap, do_unmap(abi_base, 4), 0, "unmap");
	tap_is(tap, do_list(abi_base, mfns, 1, XEN_IOMMUOP_MAP_write), 0,
	       "one to write");
	tap_is(tap, nr_held(mfn), 1, "... is held");
	tap_is(tap, do_unmap(abi_base, 1), 0, "unmap");
}

/* As many as an array can hold, over the seam of two leaf tables. */
static void longest(struct tap *tap)
{
	static u64 mfns[MAX_LIST + 1];
	u64 first = frames_get(9), bfn = abi_base + 300;
	unsigned int i;

	if (!tap_ok(tap, first, "512 frames"))
		return;
	for (i = 0; i <= MAX_LIST; i++)
		mfns[i] = first + 511 - i;
	tap_is(tap, do_list(bfn, mfns, MAX_LIST, RW), 0, "508 of them");
	tap_is(tap, abi_usage().mapped, MAX_LIST, "... are counted");
	tap_ok(tap, is_held(first + 4), "... the last frame, too");
	tap_ok(tap, !is_held(first + 3), "... and no frame behind");
	tap_is(tap, do_unmap(bfn, MAX_LIST), 0, "unmap of them all");
	tap_is(tap, do_list(bfn, mfns, MAX_LIST + 1, RW), -E2BIG,
	       "509 are too many for an array");
	tap_is(tap, abi_usage().mapped, 0, "none is mapped");
	tap_is(tap, frames_put(first, 9), 0, "the frames go back");
}

/* A forbidden frame at each place of a list. */
static void refuse(struct tap *tap, u64 mfn, u64 bad, int want,
		   const char *what)
{
	unsigned int at, i, odd = 0;
	u64 mfns[6];

	tap_ok(tap, bad, "%s: the frame exists", what);
	for (at = 0; at < ARRAY_SIZE(mfns); at++) {
		for (i = 0; i < ARRAY_SIZE(mfns); i++)
			mfns[i] = i == at ? bad : mfn + i;
		odd += do_list(abi_base, mfns, ARRAY_SIZE(mfns), RW) != want;
	}
	tap_is(tap, odd, 0, "%s: %d at each place", what, want);
	tap_is(tap, abi_usage().mapped, 0, "... nothing is mapped");
	tap_is(tap, nr_held(mfn), 0, "... nothing is held");
}

static void strangers(struct tap *tap, u64 mfn)
{
	u64 nobody = frames_get(0), table = frames_get(0);

	frames_put(nobody, 0);
	refuse(tap, mfn, frame_of_xen(), -EPERM, "Xen's own image");
	refuse(tap, mfn, frame_of_m2p(), -EPERM, "Xen's M2P");
	refuse(tap, mfn, frame_of_shared_info(), -EPERM, "the shared info");
	refuse(tap, mfn, nobody, -EPERM, "a free frame");
	refuse(tap, mfn, 0xfee00, -ENXIO, "the local APIC");
	refuse(tap, mfn, ~0ULL, -ENXIO, "MFN ~0");
	refuse(tap, mfn, 1ULL << 63, -ENXIO, "MFN 1 << 63");
	/* Shifted to an address, these would be a frame of dom0's. */
	refuse(tap, mfn, 1ULL << 52 | mfn, -ENXIO, "MFN 1 << 52 and ours");
	refuse(tap, mfn, 1ULL << 40 | mfn, -ENXIO, "MFN 1 << 40 and ours");
	refuse(tap, mfn, frame_of_gdt(), -EBUSY, "the GDT");
	frame_pin_l1(table, true);
	refuse(tap, mfn, table, -EBUSY, "a page table");
	frame_pin_l1(table, false);
	frames_put(table, 0);
}

/* Onto BFNs in use, or without a claim. */
static void wrong_bfns(struct tap *tap, u64 mfn)
{
	u64 mfns[] = { mfn, mfn + 1, mfn + 2, mfn + 3, mfn + 4 };
	unsigned int i, odd = 0;

	for (i = 0; i < ARRAY_SIZE(mfns); i++) {
		odd += do_map(abi_base + i, mfn + 7, 1, RO) != 0;
		odd += do_list(abi_base, mfns, 5, RW) != -EEXIST;
		odd += abi_one(op_range(XEN_IOMMUOP_unmap, abi_base + i, 1,
					XEN_IOMMUOP_UNMAP_defer)) != 0;
		odd += do_list(abi_base, mfns, 5, RW) != -EBUSY;
		odd += abi_one(op_range(XEN_IOMMUOP_flush, abi_base, 5, 0)) != 0;
	}
	tap_is(tap, odd, 0, "a list onto mapped, or deferred, BFNs");
	tap_is(tap, do_list(abi_base - 1, mfns, 5, RW), -ENOENT,
	       "a list that starts in front of its claim");
	tap_is(tap, do_list(abi_base + 2 * LEAF - 4, mfns, 5, RW), -ENOENT,
	       "a list that ends behind its claim");
	tap_is(tap, do_list(~0ULL, mfns, 5, RW), -ENOENT,
	       "a list around the end of all BFNs");
	tap_is(tap, abi_usage().mapped, 0, "nothing is mapped");
	tap_is(tap, nr_held(mfn), 0, "nothing is held");
}

/* The slots of a list are no ops in any case, and come back unchanged. */
static void slots(struct tap *tap, u64 mfn)
{
	struct xen_iommu_op like_an_op = op_map(abi_base + 1, mfn, 1, RW);
	struct xen_iommu_op ops[4], was[4] = {
		op_range(XEN_IOMMUOP_map_list, abi_base, 5, RW),
		like_an_op, {}, like_an_op };
	unsigned int try;

	memcpy(&was[2], &mfn, sizeof(mfn));
	for (try = 0; try < 3; try++) {
		memcpy(ops, was, sizeof(ops));
		ops[0].flags = try == 1 ? 0x8000 : RW;
		ops[0].u.list.bfn -= try == 2;
		tap_is(tap, abi_call(ops, 4), 0, "slots that look like ops");
		tap_ok(tap, ops[0].status < 0 && ops[0].status != UNTOUCHED,
		       "... the list is refused (%d)", ops[0].status);
		tap_ok(tap, !memcmp(ops + 1, was + 1, 2 * sizeof(*ops)),
		       "... its slots are as they were");
		tap_is(tap, ops[3].status, 0, "... the op behind is done");
		tap_is(tap, abi_usage().mapped, 1, "... and nothing else");
		tap_is(tap, do_unmap(abi_base + 1, 1), 0, "... its unmap");
	}
}

/* A list beyond the array takes the rest of the array. */
static void too_long(struct tap *tap, u64 mfn)
{
	static const u32 lengths[] = { 0, 9, 10, MAX_LIST + 1, 1u << 31,
				       0xfffffffd, ~0u };
	struct xen_iommu_op ops[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		u32 nr = lengths[i];

		ops[0] = op_map(abi_base + 8, mfn, 1, RO);
		ops[1] = op_range(XEN_IOMMUOP_map_list, abi_base, nr, RW);
		ops[2] = op_map(abi_base, mfn, 1, RW);
		ops[3] = ops[2];
		tap_is(tap, abi_call(ops, 4), 0, "a list of %u in two slots",
		       nr);
		tap_is(tap, ops[0].status, 0, "... the op in front is done");
		tap_is(tap, ops[1].status, -EINVAL, "... the list is not");
		/* Without a slot of its own, the next slots are ops. */
		tap_is(tap, ops[2].status, nr ? UNTOUCHED : 0, "... behind it");
		tap_is(tap, ops[3].status, nr ? UNTOUCHED : -EEXIST,
		       "... to the end");
		tap_is(tap, abi_usage().mapped, nr ? 1 : 2, "... as usage says");
		do_release(abi_base, 2 * LEAF);
		do_claim(abi_base, 2 * LEAF);
	}
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_map_list, abi_base, 1, RW)),
	       -EINVAL, "a list of one in no slot");
}

/* Unused words of the last slot must be 0. */
static void tails(struct tap *tap, u64 mfn)
{
	u64 mfns[NR], odd = 0;
	struct xen_iommu_op ops[3];
	unsigned int nr, dirty, i;

	for (i = 0; i < NR; i++)
		mfns[i] = mfn + i;
	for (nr = 1; nr < NR; nr++)
		for (dirty = nr; dirty < round_up(nr, 4); dirty++) {
			ops[0] = op_range(XEN_IOMMUOP_map_list, abi_base, nr, RW);
			memset(ops + 1, 0, 2 * sizeof(*ops));
			memcpy(ops + 1, mfns, nr * sizeof(*mfns));
			((u64 *)(ops + 1))[dirty] = 1ULL << 8 * dirty;
			odd += abi_call(ops, 1 + DIV_ROUND_UP(nr, 4)) != 0;
			odd += ops[0].status != -EINVAL;
		}
	tap_is(tap, odd, 0, "a word behind the last frame is -EINVAL");
	tap_is(tap, abi_usage().mapped, 0, "... and nothing is mapped");
}

/* Lists, and their unmaps, in one array. */
static void batch(struct tap *tap, u64 mfn)
{
	struct xen_iommu_op ops[7] = {
		op_range(XEN_IOMMUOP_map_list, abi_base, 2, RW), {},
		op_range(XEN_IOMMUOP_map_list, abi_base + 1, 3, RW), {},
		op_range(XEN_IOMMUOP_unmap, abi_base, 2, 0),
		op_range(XEN_IOMMUOP_map_list, abi_base + 2, 4, RO), {} };
	u64 mfns[4] = { mfn + 3, mfn + 1 };

	memcpy(&ops[1], mfns, sizeof(mfns));
	mfns[2] = mfn;
	memcpy(&ops[3], mfns, sizeof(mfns));
	mfns[3] = mfn + 3;
	memcpy(&ops[6], mfns, sizeof(mfns));
	tap_is(tap, abi_call(ops, ARRAY_SIZE(ops)), 0, "lists in a batch");
	tap_is(tap, ops[0].status, 0, "... the first");
	tap_is(tap, ops[2].status, -EEXIST, "... a list onto the first");
	tap_is(tap, ops[4].status, 0, "... an unmap of the first");
	tap_is(tap, ops[5].status, 0, "... one elsewhere");
	tap_is(tap, abi_usage().mapped, 4, "four are mapped");
	tap_is(tap, do_unmap(abi_base + 2, 4), 0, "unmap");
	tap_is(tap, nr_held(mfn), 0, "nothing is held");
}

void abi_list(struct tap *tap)
{
	u64 mfn = frames_get(3);

	if (!tap_ok(tap, mfn, "eight frames"))
		return;
	tap_is(tap, do_claim(abi_base, 2 * LEAF), 0, "a claim");
	good(tap, mfn);
	longest(tap);
	strangers(tap, mfn);
	wrong_bfns(tap, mfn);
	slots(tap, mfn);
	too_long(tap, mfn);
	tails(tap, mfn);
	batch(tap, mfn);
	tap_is(tap, do_release(abi_base, 2 * LEAF), 0, "release");
	tap_is(tap, frames_put(mfn, 3), 0, "the frames go back");
}
