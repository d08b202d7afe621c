// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames fresh from Xen: owned by dom0, in nobody's page tables, and unknown to
 * Linux. All of their references are this module's, and can be counted. And a
 * domain without a vCPU, which may have some.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/xen/hypercall.h>
#include <xen/interface/memory.h>
#include <xen/interface/xen.h>
#include "machine.h"

/* Xen's public/domctl.h of 4.17, of which Linux has no copy. */
#define DOMCTL_createdomain	1
#define DOMCTL_destroydomain	2
#define DOMCTL_max_mem		11
/* Of Xen 4.17 and of 4.22 at most: each series has its own. */
#define DOMCTL_FIRST		0x15
#define DOMCTL_LAST		0x1a

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

static int reservation(unsigned int cmd, u16 domid, xen_pfn_t *mfn,
		       unsigned int order)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1,
		.extent_order = order,
		.domid = domid,
	};

	set_xen_guest_handle(r.extent_start, mfn);
	return HYPERVISOR_memory_op(cmd, &r);
}

/*
 * The first MFN of 1 << order contiguous frames, or 0. The last owner's contents are
 * cleared: with them a frame would be no page table.
 */
u64 frames_get(unsigned int order)
{
	struct mmuext_op op = { .cmd = MMUEXT_CLEAR_PAGE };
	xen_pfn_t mfn;
	u64 i;

	if (reservation(XENMEM_increase_reservation, SELF, &mfn, order) != 1)
		return 0;
	for (i = 0; i < 1ULL << order; i++) {
		op.arg1.mfn = mfn + i;
		if (HYPERVISOR_mmuext_op(&op, 1, NULL, SELF))
			pr_err("a frame can't be cleared\n");
	}

	return mfn;
}

/*
 * Give frames back. Xen frees each when its last reference is dropped: a frame under a
 * reference stays counted in frames_owned().
 */
int frames_put(u64 mfn, unsigned int order)
{
	xen_pfn_t first = mfn;

	return reservation(XENMEM_decrease_reservation, SELF, &first,
			   order) == 1 ? 0 : -EBUSY;
}

long frames_owned(void)
{
	domid_t self = SELF;

	return HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
}

/* Make a frame without writable maps a page table, or undo that. */
int frame_pin_l1(u64 mfn, bool pin)
{
	struct mmuext_op op = {
		.cmd = pin ? MMUEXT_PIN_L1_TABLE : MMUEXT_UNPIN_TABLE,
		.arg1.mfn = mfn,
	};

	return HYPERVISOR_mmuext_op(&op, 1, NULL, SELF);
}

static int domctl(struct xen_domctl *op)
{
	int rc;

	/* Xen knows no version but its own. The fields here are the same in all. */
	op->version = DOMCTL_FIRST;
	do {
		rc = _hypercall1(int, domctl, op);
	} while (rc == -EACCES && op->version++ < DOMCTL_LAST);

	return rc;
}

/* The id of a new domain with room for @kib KiB, or an error. */
int domain_make(u64 kib)
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
	op.u.max_memkb = kib;
	return domctl(&op) ?: op.domain;
}

int domain_destroy(u16 domid)
{
	struct xen_domctl op = { .cmd = DOMCTL_destroydomain, .domain = domid };

	return domctl(&op);
}

/* A frame for the domain, from Xen; 0: the domain is at its limit. */
u64 domain_frame(u16 domid)
{
	xen_pfn_t mfn;

	return reservation(XENMEM_increase_reservation, domid, &mfn, 0) == 1 ?
		mfn : 0;
}
