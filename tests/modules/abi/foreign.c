// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames of another domain: mapped by (domid, MFN), held while they are mapped,
 * even beyond the death of their domain. The domain has no vCPU.
 */
#include <linux/kernel.h>
#include "abi.h"

static int map_of(u16 domid, u64 bfn, u64 mfn, u16 flags)
{
	struct xen_iommu_op op = op_map(bfn, mfn, 1, flags);

	op.u.map.domid = domid;
	return abi_one(op);
}

static void attack(struct tap *tap, u16 domid)
{
	u64 theirs = domain_frame(domid), ours = frames_get(0), b = abi_base;

	tap_ok(tap, theirs, "a frame of domain %u", domid);
	tap_is(tap, do_map(b, theirs, 1, RO), -EPERM,
	       "their frame as ours, read");
	tap_is(tap, do_map(b, theirs, 1, RW), -EPERM,
	       "their frame as ours, write");
	tap_is(tap, do_list(b, (u64[]){ ours, theirs, ours }, 3, RO), -EPERM,
	       "their frame in a list");
	tap_is(tap, map_of(domid, b, ours, RW), -EPERM, "our frame as theirs");
	tap_is(tap, map_of(domid, b, theirs, RW | XEN_IOMMUOP_MAP_yield),
	       -EINVAL, "their frame, yielding");
	tap_is(tap, map_of(domid, b, theirs, RW), 0, "their frame as theirs");
	tap_is(tap, map_of(domid, b + 1, theirs, RO), 0, "... and again, read");
	tap_is(tap, do_unmap(b, 1), 0, "unmap of the first");

	tap_is(tap, domain_destroy(domid), 0, "the domain dies");
	tap_ok(tap, map_of(domid, b, ours, RW) == -EPERM,
	       "a map holds its frame, and so the rest of the domain");
	tap_is(tap, do_unmap(b + 1, 1), 0, "unmap of the last");
	tap_is(tap, map_of(domid, b, theirs, RW), -ESRCH, "now the domain is gone");
	tap_is(tap, do_map(b, theirs, 1, RW), -EPERM, "the frame is nobody's");
	tap_is(tap, frames_put(ours, 0), 0, "our frame goes back");
}

void abi_foreign(struct tap *tap)
{
	int domid = domain_make(1024);

	if (!tap_ok(tap, domid > 0, "a domain can be made (%d)", domid))
		return;
	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	attack(tap, domid);
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
}
