// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot-added memory, with and without the host map, and in the place of a claim. The
 * machine has the memory as a DIMM from 4 GiB on.
 */
#include <asm/xen/hypercall.h>
#include <xen/interface/platform.h>
#include "abi.h"

#define DIMM	0x100000
#define HALF	0x20000		/* frames: 512 MiB; 256 and a bit are the least */

static int hot_add(u64 first, u64 nr)
{
	struct xen_platform_op op = {
		.cmd = XENPF_mem_hotadd,
		.interface_version = XENPF_INTERFACE_VERSION,
		.u.mem_add = {
			.spfn = first,
			.epfn = first + nr,
		},
	};

	return HYPERVISOR_platform_op(&op);
}

static int to_end(u16 op)
{
	int err;

	do {
		err = abi_one(op_bare(op));
	} while (err == -EAGAIN);

	return err;
}

/* A mapped BFN can't be claimed. */
static void is_mapped(struct tap *tap, u64 first, bool want, const char *when)
{
	u64 at[] = { first, first + HALF / 2, first + HALF - LEAF };
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		err = do_claim(at[i], LEAF);
		tap_is(tap, err, want ? -EEXIST : 0, "%s: %#llx is %smapped",
		       when, at[i], want ? "" : "not ");
		if (!err)
			do_release(at[i], LEAF);
	}
}

static void into_a_claim(struct tap *tap)
{
	u64 claim = DIMM + HALF / 2, mfn = frames_get(0);

	tap_is(tap, do_claim(claim, LEAF), 0, "a claim where memory will be");
	tap_is(tap, do_map(claim + 5, mfn, 1, RW), 0, "and a map inside");
	tap_is(tap, hot_add(DIMM, HALF), -EBUSY,
	       "memory around the claim is refused");
	tap_is(tap, do_map(claim + 6, mfn, 1, RW), 0, "the claim works on");
	tap_is(tap, do_unmap(claim + 7, 1), -ENOENT,
	       "all other BFNs are unmapped");
	tap_is(tap, do_unmap(claim + 5, 2), 0, "unmap");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
	tap_is(tap, do_release(claim, LEAF), 0, "release");
	is_mapped(tap, DIMM, false, "refused");
}

void abi_hotadd(struct tap *tap)
{
	into_a_claim(tap);

	tap_is(tap, hot_add(DIMM, HALF), 0, "memory is added");
	is_mapped(tap, DIMM, true, "with the host map");
	tap_is(tap, to_end(XEN_IOMMUOP_drop_host_map), 0, "drop");
	is_mapped(tap, DIMM, false, "dropped");

	tap_is(tap, hot_add(DIMM + HALF, HALF), 0, "more is added meanwhile");
	is_mapped(tap, DIMM + HALF, false, "without the host map");
	tap_is(tap, to_end(XEN_IOMMUOP_restore_host_map), 0, "restore");
	is_mapped(tap, DIMM, true, "restored");
	is_mapped(tap, DIMM + HALF, true, "restored");
	tap_ok(tap, abi_host_map(), "the host map is whole");
}
