// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames of another domain: mapped by (domid, MFN), held while they are mapped,
 * even beyond the death of their domain. The domain is one without a vCPU.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/xen/hypercall.h>
#include <xen/interface/memory.h>
#include "abi.h"

/* Xen's public/domctl.h of 4.17, of which Linux has no copy. */
#define DOMCTL_createdomain	1
#define DOMCTL_destroydomain	2
#define DOMCTL_max_mem		11
#define DOMCTL_VERSION		0x15

struct xen_domctl {
	u32 cmd;
	u32 version;
	u16 domain;
	u16 pad[3];
	union {
		struct {
			u32 ssidref;
			u8 handle[16];
			u32 flags;
			u32 iommu_opts;
			u32 max_vcpus;
			u32 max_evtchn_port;
			s32 max_grant_frames;
			s32 max_maptrack_frames;
			u32 grant_opts;
			u32 vmtrace_size;
			u32 cpupool_id;
			u32 emulation_flags;
			u32 misc_flags;
		} create;
		u64 max_memkb;
		u8 size[128];
	} u;
};

static int domctl(struct xen_domctl *op)
{
	op->version = DOMCTL_VERSION;
	return _hypercall1(int, domctl, op);
}

/* The id of a new domain that may have a few frames, or an error. */
static int domain_make(void)
{
	struct xen_domctl op = { .cmd = DOMCTL_createdomain };
	int rc;

	op.u.create.max_vcpus = 1;
	op.u.create.max_evtchn_port = 127;
	op.u.create.max_grant_frames = 1;
	op.u.create.max_maptrack_frames = 1;
	op.u.create.grant_opts = 1;
	rc = domctl(&op);
	if (rc)
		return rc;
	memset(&op.u, 0, sizeof(op.u));
	op.cmd = DOMCTL_max_mem;
	op.u.max_memkb = 1024;
	return domctl(&op) ?: op.domain;
}

static int domain_destroy(u16 domid)
{
	struct xen_domctl op = { .cmd = DOMCTL_destroydomain, .domain = domid };

	return domctl(&op);
}

static u64 domain_frame(u16 domid)
{
	xen_pfn_t mfn;
	struct xen_memory_reservation r = { .nr_extents = 1, .domid = domid };

	set_xen_guest_handle(r.extent_start, &mfn);
	return HYPERVISOR_memory_op(XENMEM_increase_reservation, &r) == 1 ?
		mfn : 0;
}

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
	       "a map holds its frame, and so what is left of the domain");
	tap_is(tap, do_unmap(b + 1, 1), 0, "unmap of the last");
	tap_is(tap, map_of(domid, b, theirs, RW), -ESRCH, "now it is gone");
	tap_is(tap, do_map(b, theirs, 1, RW), -EPERM, "the frame is nobody's");
	tap_is(tap, frames_put(ours, 0), 0, "our frame goes back");
}

void abi_foreign(struct tap *tap)
{
	int domid = domain_make();

	if (!tap_ok(tap, domid > 0, "a domain can be made (%d)", domid))
		return;
	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	attack(tap, domid);
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
}
