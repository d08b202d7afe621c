// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that yield: they hold nothing, and are gone before their frame is
 * anything but an ordinary page. The pages of bits say so.
 */
#include <linux/bitops.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <asm/xen/page.h>
#include "abi.h"

#define YIELD	XEN_IOMMUOP_MAP_yield
#define BITS	XEN_IOMMUOP_WATCH_FRAMES

static unsigned long *bits;	/* a page of dom0's, as all of these */
static u64 bits_mfn;

static int do_watch(u64 bfn, u64 mfn, u32 nr)
{
	return abi_one(op_watch(bfn, mfn, nr));
}

static bool bit(u64 bfn)
{
	return test_bit(bfn % BITS, bits);
}

/* A frame becomes a page table while it is mapped, twice. */
static void to_a_page_table(struct tap *tap)
{
	u64 mfn = frames_get(0), b = abi_base;

	tap_is(tap, do_map(b, mfn, 1, RW | YIELD), 0, "map");
	tap_is(tap, do_map(b + 700, mfn, 1, RO | YIELD), 0, "... and again, read");
	tap_ok(tap, !bit(b) && !bit(b + 700), "no bit is set");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "the frame becomes a page table");
	tap_ok(tap, bit(b) && bit(b + 700), "both bits are set");
	tap_is(tap, abi_usage().yielded, 2, "both have yielded");
	tap_is(tap, abi_usage().mapped, 2, "... and are in use");
	tap_is(tap, do_map(b, mfn, 1, RO | YIELD), -EEXIST, "map of the BFN");
	tap_is(tap, do_map(b + 1, mfn, 1, RW | YIELD), -EBUSY,
	       "map of the page table");
	tap_is(tap, do_map(b + 1, mfn, 1, RO | YIELD), XEN_IOMMUOP_STATUS_held,
	       "... for reading is held");
	tap_is(tap, do_unmap(b + 1, 1), 0, "its unmap");
	tap_is(tap, do_unmap(b, 1), 0, "unmap of a yielded BFN");
	tap_is(tap, do_unmap(b, 1), -ENOENT, "... once");
	tap_is(tap, do_unmap(b + 700, 1), 0, "unmap of the other");
	tap_is(tap, abi_usage().yielded, 0, "none is counted");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, do_map(b, mfn, 1, RW | YIELD), 0, "map once more");
	tap_is(tap, do_unmap(b, 1), 0, "unmap");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
	clear_bit(b % BITS, bits);
	clear_bit((b + 700) % BITS, bits);
}

/* Frames go back to Xen while they are mapped, or wait for a flush. */
static void to_xen(struct tap *tap)
{
	long owned = frames_owned();
	u64 mfn = frames_get(3), b = abi_base + 508;
	unsigned int i, set = 0;

	tap_is(tap, do_map(b, mfn, 8, RW | YIELD), 0, "map of eight");
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_unmap, b + 6, 2,
				     XEN_IOMMUOP_UNMAP_defer)), 0,
	       "unmap of two, deferred");
	tap_is(tap, frames_put(mfn, 3), 0, "they go back");
	tap_is(tap, frames_owned(), owned, "... at once");
	for (i = 0; i < 8; i++)
		set += bit(b + i);
	tap_is(tap, set, 6, "the bits of the mapped BFNs are set");
	tap_is(tap, abi_usage().yielded, 6, "... and are counted");
	tap_is(tap, do_map(abi_base, mfn, 1, RW | YIELD), -EPERM,
	       "map of a lost frame");
	tap_is(tap, do_unmap(b, 6), 0, "unmap");
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_flush, b, 8, 0)), 0, "flush");
	tap_is(tap, abi_usage().mapped, 0, "nothing is mapped");
	for (i = 0; i < 8; i++)
		clear_bit((b + i) % BITS, bits);
}

/* A run or a list with a refused frame leaves nothing. */
static void refused(struct tap *tap)
{
	u64 mfn = frames_get(2), b = abi_base, list[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		list[i] = mfn + 3 - i;
	tap_is(tap, frame_pin_l1(mfn + 2, true), 0, "one of four is a table");
	tap_is(tap, do_map(b, mfn, 4, RW | YIELD), -EBUSY, "a run of them");
	tap_is(tap, do_list(b, list, 4, RW | YIELD), -EBUSY, "a list of them");
	tap_is(tap, abi_usage().mapped, 0, "nothing is mapped");
	tap_is(tap, do_list(b, list, 4, RO | YIELD), XEN_IOMMUOP_STATUS_held,
	       "the list, for reading");
	tap_is(tap, do_unmap(b, 4), 0, "its unmap");
	tap_is(tap, frame_pin_l1(mfn + 2, false), 0, "unpin");
	tap_is(tap, do_list(b, list, 4, RW | YIELD), 0, "the list");
	tap_is(tap, do_unmap(b, 4), 0, "its unmap");
	tap_is(tap, do_map(b, frame_of_xen(), 1, RO | YIELD), -EPERM,
	       "Xen's image");
	tap_is(tap, do_map(b, frame_of_shared_info(), 1, RO | YIELD), -EPERM,
	       "the shared info");
	tap_is(tap, do_map(b, frame_of_pte_page(), 1, RW | YIELD), -EBUSY,
	       "a page table of ours");
	tap_is(tap, do_map(b, frame_of_gdt(), 1, RW | YIELD), -EBUSY,
	       "a descriptor table");
	tap_is(tap, do_map(b, ~0ULL, 1, RO | YIELD), -ENXIO, "MFN ~0");
	tap_is(tap, frames_put(mfn, 2), 0, "the frames go back");
}

/* More maps of a frame than Xen looks after. */
static void too_often(struct tap *tap)
{
	u64 mfn = frames_get(0), b = abi_base;
	unsigned int i, bad = 0, held = 0;
	int status;

	for (i = 0; i < 272; i++) {
		status = do_map(b + i, mfn, 1, RW | YIELD);
		held += status == XEN_IOMMUOP_STATUS_held;
		bad += status < 0;
	}
	tap_is(tap, bad, 0, "272 maps of a frame");
	tap_is(tap, held, 16, "256 of them yield");
	tap_ok(tap, frame_pin_l1(mfn, true) != 0, "no page table");
	tap_is(tap, do_unmap(b + 256, 16), 0, "unmap of the others");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "now the pin works");
	tap_is(tap, abi_usage().yielded, 256, "all have yielded");
	tap_is(tap, do_unmap(b, 256), 0, "unmap");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
	for (i = 0; i < 256; i++)
		clear_bit((b + i) % BITS, bits);
}

/* The guest takes back what one of its drivers forgot, and keeps the BFNs. */
static void revoked(struct tap *tap)
{
	u64 mfn = frames_get(1), b = abi_base + 511;
	struct xen_iommu_op op = op_range(XEN_IOMMUOP_revoke, b, 500, 0);

	tap_is(tap, abi_one(op), 0, "revoke of what is not mapped");
	tap_is(tap, do_map(b, mfn, 1, RW | YIELD), 0, "map");
	tap_is(tap, do_map(b + 2, mfn + 1, 1, RW), 0, "... and one that holds");
	tap_ok(tap, frame_pin_l1(mfn + 1, true) != 0, "its frame is held");
	tap_is(tap, abi_one(op), 0, "revoke of both, and more");
	tap_ok(tap, !bit(b) && !bit(b + 2), "no bit is set");
	tap_is(tap, abi_usage().yielded, 2, "both count as yielded");
	tap_is(tap, do_map(b, mfn, 1, RW | YIELD), -EEXIST, "map of the BFN");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "the frame becomes a table");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "... and no table");
	tap_is(tap, frame_pin_l1(mfn + 1, true), 0, "and the other");
	tap_is(tap, frame_pin_l1(mfn + 1, false), 0, "... and no table");
	tap_is(tap, abi_one(op), 0, "revoke once more");
	tap_is(tap, do_unmap(b, 1), 0, "unmap");
	tap_is(tap, do_unmap(b + 2, 1), 0, "... of the other");
	tap_is(tap, abi_usage().mapped, 0, "nothing is mapped");
	tap_is(tap, frames_put(mfn, 1), 0, "the frames go back");
	op.u.range.bfn = abi_base - 1;
	tap_is(tap, abi_one(op), -ENOENT, "revoke outside of a claim");
}

static void watch(struct tap *tap)
{
	u64 mfn = frames_get(1), b = abi_base + 4 * BITS;

	tap_is(tap, do_watch(b, mfn, 1), -ENOENT, "watch without a claim");
	tap_is(tap, do_claim(b, 2 * BITS), 0, "a claim");
	tap_is(tap, do_map(b, mfn, 1, RW | YIELD), -ENOBUFS,
	       "a map without a watch page");
	tap_is(tap, do_watch(b, mfn, 0), -EINVAL, "no page");
	tap_is(tap, do_watch(b, mfn, 3), -EINVAL, "too many pages");
	tap_is(tap, do_watch(b + BITS, mfn, 2), -EINVAL, "a page too many");
	tap_is(tap, do_watch(b, frame_of_xen(), 1), -EPERM, "Xen's image");
	tap_is(tap, do_watch(b, frame_of_shared_info(), 1), -EPERM,
	       "the shared info");
	tap_is(tap, do_watch(b, frame_of_pte_page(), 1), -EBUSY,
	       "a page table");
	tap_is(tap, do_watch(b, ~0ULL, 1), -ENXIO, "MFN ~0");
	tap_is(tap, frame_pin_l1(mfn + 1, true), 0, "the second is a table");
	tap_is(tap, do_watch(b, mfn, 2), -EBUSY, "both");
	tap_is(tap, frame_pin_l1(mfn + 1, false), 0, "unpin");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "nothing was kept of the first");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, do_watch(b + BITS + 5, mfn, 1), 0, "the second half");
	tap_is(tap, do_watch(b + BITS, mfn + 1, 1), -EEXIST, "... once more");
	tap_is(tap, do_watch(b, mfn, 2), -EEXIST, "... and both");
	tap_is(tap, do_map(b + BITS - 1, mfn + 1, 1, RW | YIELD), -ENOBUFS,
	       "a map in the first half");
	tap_is(tap, do_map(b + BITS, mfn + 1, 1, RW | YIELD), 0,
	       "a map in the second");
	tap_ok(tap, frame_pin_l1(mfn, true) != 0, "Xen holds the page");
	tap_is(tap, do_release(b, 2 * BITS), 0, "release");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "... gives it back");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, frames_put(mfn, 1), 0, "the frames go back");
}

/* A driver's table that Xen does not write itself has no such maps. */
static void unsupported(struct tap *tap)
{
	u64 b = abi_base, mfn = frames_get(0);

	tap_is(tap, do_watch(b, bits_mfn, 1), -EOPNOTSUPP, "watch");
	tap_is(tap, do_map(b, mfn, 1, RW | YIELD), -EOPNOTSUPP, "map");
	tap_is(tap, do_list(b, &mfn, 1, RW | YIELD), -EOPNOTSUPP, "list");
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_revoke, b, 1, 0)), -EOPNOTSUPP,
	       "revoke");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
}

void abi_yield(struct tap *tap)
{
	bits = (unsigned long *)get_zeroed_page(GFP_KERNEL);
	if (!tap_ok(tap, bits, "a page of bits"))
		return;
	bits_mfn = virt_to_mfn(bits);
	tap_is(tap, do_claim(abi_base, 2 * LEAF), 0, "a claim");
	if (abi_query.caps & XEN_IOMMUOP_CAP_yield) {
		tap_is(tap, do_watch(abi_base, bits_mfn, 1), 0, "watch");
		to_a_page_table(tap);
		to_xen(tap);
		refused(tap);
		too_often(tap);
		revoked(tap);
		watch(tap);
	} else {
		unsupported(tap);
	}
	tap_is(tap, do_release(abi_base, 2 * LEAF), 0, "release");
	free_page((unsigned long)bits);
}
