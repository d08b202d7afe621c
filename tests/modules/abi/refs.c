// SPDX-License-Identifier: GPL-2.0-only
/*
 * References: a map holds its frames, and unmap gives all of them back.
 *
 * The measure is Xen's own count of dom0's frames. A frame that was given back stays
 * counted as long as a reference is held. Each check therefore has a control: the
 * count must not fall while the frame is mapped.
 */
#include <linux/kernel.h>
#include "abi.h"

/* Map frames in a few ways, give them back while mapped, then unmap. */
static void held(struct tap *tap, unsigned int order, u16 flags,
		 unsigned int times, const char *name)
{
	long owned = frames_owned(), nr = 1L << order;
	u64 mfn = frames_get(order);
	unsigned int i;

	if (!tap_ok(tap, mfn, "%s: %ld frames", name, nr))
		return;
	for (i = 0; i < times; i++)
		tap_is(tap, do_map(abi_base + i * nr, mfn, nr, flags), 0,
		       "%s: map %u", name, i);
	tap_is(tap, frames_put(mfn, order), 0, "%s: they go back", name);
	for (i = 0; i < times; i++) {
		tap_is(tap, frames_owned(), owned + nr,
		       "%s: %u maps hold them", name, times - i);
		tap_is(tap, do_unmap(abi_base + i * nr, nr), 0, "%s: unmap %u",
		       name, i);
	}
	tap_is(tap, frames_owned(), owned, "%s: no map holds them", name);
}

/* A frame that a device can write is no page table, and the reverse. */
static void typed(struct tap *tap)
{
	u64 mfn = frames_get(0);

	tap_is(tap, do_map(abi_base, mfn, 1, RW), 0, "map for writing");
	tap_ok(tap, frame_pin_l1(mfn, true) != 0,
	       "a page that a device can write can't become a page table");
	tap_is(tap, do_map(abi_base + 1, mfn, 1, RW), 0, "a second map");
	tap_is(tap, do_unmap(abi_base, 1), 0, "the first is unmapped");
	tap_ok(tap, frame_pin_l1(mfn, true) != 0, "the second still holds the frame");
	tap_is(tap, do_unmap(abi_base + 1, 1), 0, "the second is unmapped");
	tap_is(tap, frame_pin_l1(mfn, true), 0,
	       "now the pin works, so the type reference is gone");
	tap_is(tap, do_map(abi_base, mfn, 1, RW), -EBUSY,
	       "a page table can't be mapped for writing");
	tap_is(tap, do_map(abi_base, mfn, 1, RO), 0, "but for reading");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, frame_pin_l1(mfn, true), 0,
	       "a map for reading does not prevent a page table");
	tap_is(tap, do_unmap(abi_base, 1), 0, "unmap");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, do_map(abi_base, mfn, 1, XEN_IOMMUOP_MAP_write), 0,
	       "write only");
	tap_ok(tap, frame_pin_l1(mfn, true) != 0, "... holds the type as well");
	tap_is(tap, do_unmap(abi_base, 1), 0, "unmap");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
}

/* The references of a failed run are given back up to the failed frame. */
static void failed_run(struct tap *tap)
{
	long owned = frames_owned();
	u64 mfn = frames_get(2);

	frames_put(mfn + 3, 0);
	tap_is(tap, do_map(abi_base, mfn, 4, RW), -EPERM, "a run that fails");
	tap_is(tap, do_map(abi_base, mfn, 4, RO), -EPERM, "... for reading");
	tap_is(tap, do_map(abi_base, mfn, 3, RW), 0, "its good part");
	tap_is(tap, do_map(abi_base + 2, mfn, 2, RW), -EEXIST,
	       "a run onto mapped BFNs");
	tap_is(tap, do_unmap(abi_base, 3), 0, "unmap");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "no type reference is left");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	frames_put(mfn, 1);
	frames_put(mfn + 2, 0);
	tap_is(tap, frames_owned(), owned, "no reference is left");
}

/* release with RELEASE_unmap drops the same references as unmap. */
static void released(struct tap *tap)
{
	long owned = frames_owned();
	u64 mfn = frames_get(3), base = abi_base + LEAF;

	tap_is(tap, do_claim(base, LEAF), 0, "a claim to release");
	tap_is(tap, do_map(base, mfn, 8, RW), 0, "map");
	tap_is(tap, do_map(base + 100, mfn, 8, RO), 0, "map");
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_release, base, LEAF, 0)),
	       -EBUSY, "release without unmap");
	frames_put(mfn, 3);
	tap_is(tap, frames_owned(), owned + 8, "the claim holds the frames");
	tap_is(tap, do_release(base, LEAF), 0, "release with unmap");
	tap_is(tap, frames_owned(), owned, "... drops the references");
}

void abi_refs(struct tap *tap)
{
	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	held(tap, 0, RW, 1, "one frame");
	held(tap, 0, RO, 1, "one frame, read");
	held(tap, 0, XEN_IOMMUOP_MAP_write, 1, "one frame, write only");
	held(tap, 0, RW, 3, "one frame thrice");
	held(tap, 6, RW, 2, "64 frames twice");
	held(tap, 6, RO, 2, "64 frames twice, read");
	typed(tap);
	failed_run(tap);
	released(tap);
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
}

static int unmap_later(u64 bfn, u32 nr)
{
	return abi_one(op_range(XEN_IOMMUOP_unmap, bfn, nr,
				XEN_IOMMUOP_UNMAP_defer));
}

static int flush(u64 bfn, u32 nr)
{
	return abi_one(op_range(XEN_IOMMUOP_flush, bfn, nr, 0));
}

/* A flush settles a deferred unmap, and nothing else does. */
void abi_defer(struct tap *tap)
{
	long owned = frames_owned();
	u64 mfn = frames_get(2), b = abi_base;

	tap_is(tap, do_claim(b, LEAF), 0, "a claim");
	tap_is(tap, do_map(b, mfn, 4, RW), 0, "map");
	tap_is(tap, unmap_later(b, 4), 0, "unmap, deferred");
	tap_is(tap, abi_usage().mapped, 4, "... is counted as mapped");
	tap_is(tap, do_map(b, mfn, 1, RW), -EBUSY, "... can't be mapped");
	tap_is(tap, do_map(b + 3, mfn, 2, RW), -EBUSY, "... nor in part");
	tap_is(tap, do_unmap(b, 1), -ENOENT, "... nor unmapped");
	tap_is(tap, unmap_later(b, 1), -ENOENT, "... nor deferred again");
	tap_is(tap, abi_one(op_range(XEN_IOMMUOP_release, b, LEAF, 0)), -EBUSY,
	       "... nor released");
	tap_ok(tap, frame_pin_l1(mfn, true) != 0, "... holds the type");
	frames_put(mfn, 2);
	tap_is(tap, frames_owned(), owned + 4, "... holds the frames");

	/* An unmap elsewhere flushes for itself, and settles nothing else. */
	mfn = frames_get(0);
	tap_is(tap, do_map(b + 8, mfn, 1, RW), 0, "a map elsewhere");
	tap_is(tap, do_unmap(b + 8, 1), 0, "... its unmap");
	frames_put(mfn, 0);
	tap_is(tap, frames_owned(), owned + 4, "... settles nothing else");
	tap_is(tap, flush(b + 8, 1), 0, "flush elsewhere");
	tap_is(tap, frames_owned(), owned + 4, "... settles nothing here");
	tap_is(tap, flush(b, 2), 0, "flush of a half");
	tap_is(tap, frames_owned(), owned + 2, "... settles that half");
	tap_is(tap, abi_usage().mapped, 2, "... as usage says");
	tap_is(tap, flush(b, LEAF), 0, "flush of all");
	tap_is(tap, frames_owned(), owned, "... settles the rest");
	tap_is(tap, abi_usage().mapped, 0, "... as usage says");
	tap_is(tap, flush(b, LEAF), 0, "flush of nothing");

	mfn = frames_get(2);
	tap_is(tap, do_map(b, mfn, 4, RW), 0, "the BFNs are free again");
	tap_is(tap, unmap_later(b, 2), 0, "unmap, deferred");
	frames_put(mfn, 2);
	tap_is(tap, frames_owned(), owned + 4, "mapped or deferred, all held");
	tap_is(tap, do_release(b, LEAF), 0, "release with unmap");
	tap_is(tap, frames_owned(), owned, "... settles both");
}
