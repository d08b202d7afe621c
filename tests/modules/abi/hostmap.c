// SPDX-License-Identifier: GPL-2.0-only
/* The host map: drop and restore, and maps beside both. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <asm/xen/page.h>
#include "abi.h"

/* Piece by piece, to the end. */
static int whole(unsigned int what)
{
	int err;

	do {
		err = abi_one(op_bare(what));
		cond_resched();
	} while (err == -EAGAIN);

	return err;
}

static int drop(void)
{
	return whole(XEN_IOMMUOP_drop_host_map);
}

static int restore(void)
{
	return whole(XEN_IOMMUOP_restore_host_map);
}

/* Half way the map is neither whole nor gone, and either direction goes on. */
static void pieces(struct tap *tap, u64 mfn)
{
	tap_is(tap, abi_one(op_bare(XEN_IOMMUOP_drop_host_map)), -EAGAIN,
	       "a piece of a drop");
	tap_ok(tap, !abi_host_map(), "the host map is not whole");
	tap_is(tap, do_map(abi_base, mfn, 1, RW), 0, "a map");
	tap_is(tap, do_unmap(abi_base, 1), 0, "its unmap");
	tap_is(tap, abi_one(op_bare(XEN_IOMMUOP_restore_host_map)), -EAGAIN,
	       "a piece of a restore");
	tap_ok(tap, !abi_host_map(), "the host map is not whole");
	tap_is(tap, restore(), 0, "the rest of the restore");
	tap_ok(tap, abi_host_map(), "the host map stands");
}

static void back_and_forth(struct tap *tap, u64 mfn)
{
	tap_is(tap, drop(), 0, "drop");
	tap_ok(tap, !abi_host_map(), "... as query says");
	tap_is(tap, do_map(abi_base, mfn, 1, RW), 0, "a map");
	tap_is(tap, drop(), 0, "drop twice");
	tap_ok(tap, !abi_host_map(), "... as query says");
	tap_is(tap, do_unmap(abi_base, 1), 0, "unmap");
	tap_is(tap, restore(), 0, "restore");
	tap_ok(tap, abi_host_map(), "... as query says");
	tap_is(tap, restore(), 0, "restore twice");
	tap_ok(tap, abi_host_map(), "... as query says");
}

/* The host map's place is room for claims, until the map comes back. */
static void claims(struct tap *tap, u64 mfn)
{
	u64 own = round_down(virt_to_mfn(empty_zero_page), LEAF);

	tap_is(tap, do_claim(own, LEAF), -EEXIST, "a claim in the host map");
	tap_is(tap, drop(), 0, "drop");
	tap_is(tap, do_claim(own, LEAF), 0, "a claim in the map's place");
	tap_is(tap, do_map(own, mfn, 1, RW), 0, "a map there");
	tap_is(tap, restore(), -EBUSY, "restore onto a claim");
	tap_ok(tap, !abi_host_map(), "... does not");
	tap_is(tap, do_map(own + 1, mfn, 1, RW), 0, "... and harms no claim");
	tap_is(tap, do_release(own, LEAF), 0, "release");
	tap_is(tap, restore(), 0, "restore");
	tap_ok(tap, abi_host_map(), "... as query says");
	tap_is(tap, do_claim(own, LEAF), -EEXIST, "no room for claims any more");
}

/* A drop, begun and taken back in one batch, with maps around it. */
static void batched(struct tap *tap, u64 mfn)
{
	struct xen_iommu_op ops[] = {
		op_map(abi_base, mfn, 1, RW),
		op_bare(XEN_IOMMUOP_drop_host_map),
		op_map(abi_base + 2, mfn, 1, RW),
		op_bare(XEN_IOMMUOP_restore_host_map),
		op_range(XEN_IOMMUOP_unmap, abi_base + 2, 1, 0),
		op_range(XEN_IOMMUOP_unmap, abi_base, 1, 0),
	};
	static const int want[] = { 0, -EAGAIN, 0, -EAGAIN, 0, 0 };
	unsigned int i;

	tap_is(tap, abi_call(ops, ARRAY_SIZE(ops)), 0, "all in one batch");
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		tap_is(tap, ops[i].status, want[i], "all in one batch: op %u",
		       i);
	tap_is(tap, restore(), 0, "the rest of the restore");
}

void abi_hostmap(struct tap *tap)
{
	u64 mfn = frames_get(0);
	unsigned int i, bad = 0;

	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	tap_ok(tap, abi_host_map(), "the host map stands");
	back_and_forth(tap, mfn);
	claims(tap, mfn);
	pieces(tap, mfn);
	batched(tap, mfn);
	for (i = 0; i < 10; i++)
		bad += drop() || abi_host_map() || restore() || !abi_host_map();
	tap_is(tap, bad, 0, "drop and restore ten times");
	tap_ok(tap, abi_host_map(), "the host map stands");
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
}
