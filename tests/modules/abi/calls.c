// SPDX-License-Identifier: GPL-2.0-only
/* The hypercall itself, the making of ops, and frames that are not for mapping. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/desc.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>
#include <asm/xen/page.h>
#include <xen/interface/memory.h>
#include <xen/interface/xen.h>
#include "abi.h"

/* Xen's public/kexec.h, of which Linux has no copy. */
#define KEXEC_CMD_get_range	3
#define KEXEC_RANGE_MA_XEN	1

struct xen_kexec_range {
	int range;
	int nr;
	unsigned long size;
	unsigned long start;
};

/* Not static, so that a probe can count the calls. */
noinline long abi_call(struct xen_iommu_op *ops, unsigned int count)
{
	return _hypercall2(long, iommu_op, ops, count);
}

/* The op's status, or the call's own error. */
int abi_one(struct xen_iommu_op op)
{
	long rc;

	op.status = UNTOUCHED;
	rc = abi_call(&op, 1);
	return rc ?: op.status;
}

struct xen_iommu_op op_map(u64 bfn, u64 mfn, u32 nr, u16 flags)
{
	return (struct xen_iommu_op){
		.op = XEN_IOMMUOP_map,
		.flags = flags,
		.status = UNTOUCHED,
		.u.map = { .domid = SELF, .nr = nr, .bfn = bfn, .mfn = mfn },
	};
}

struct xen_iommu_op op_range(u16 op, u64 bfn, u32 nr, u16 flags)
{
	return (struct xen_iommu_op){
		.op = op,
		.flags = flags,
		.status = UNTOUCHED,
		.u.range = { .nr = nr, .bfn = bfn },
	};
}

struct xen_iommu_op op_bare(u16 op)
{
	return (struct xen_iommu_op){ .op = op, .status = UNTOUCHED };
}

struct xen_iommu_op op_device(u16 seg, u8 bus, u8 devfn)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_query_device);

	op.u.device.seg = seg;
	op.u.device.bus = bus;
	op.u.device.devfn = devfn;
	return op;
}

struct xen_iommu_op op_watch(u64 bfn, u64 mfn, u32 nr)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_watch);

	op.u.watch.bfn = bfn;
	op.u.watch.mfn = mfn;
	op.u.watch.nr = nr;
	return op;
}

int do_claim(u64 bfn, u32 nr)
{
	return abi_one(op_range(XEN_IOMMUOP_claim, bfn, nr, 0));
}

int do_release(u64 bfn, u32 nr)
{
	return abi_one(op_range(XEN_IOMMUOP_release, bfn, nr,
				XEN_IOMMUOP_RELEASE_unmap));
}

int do_map(u64 bfn, u64 mfn, u32 nr, u16 flags)
{
	return abi_one(op_map(bfn, mfn, nr, flags));
}

int do_unmap(u64 bfn, u32 nr)
{
	return abi_one(op_range(XEN_IOMMUOP_unmap, bfn, nr, 0));
}

/* The status of a list in an array of its own. */
int do_list(u64 bfn, const u64 *mfns, u32 nr, u16 flags)
{
	unsigned int count = 1 + DIV_ROUND_UP(nr, XEN_IOMMUOP_LIST_MFNS);
	struct xen_iommu_op *ops = kcalloc(count, sizeof(*ops), GFP_KERNEL);
	int rc;

	if (!ops)
		return -ENOMEM;
	ops[0] = op_range(XEN_IOMMUOP_map_list, bfn, nr, flags);
	memcpy(ops + 1, mfns, nr * sizeof(*mfns));
	rc = abi_call(ops, count) ?: ops[0].status;
	kfree(ops);
	return rc;
}

struct xen_iommu_op_usage abi_usage(void)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_usage);

	/* An impossible answer, so that a failure is not taken for an answer. */
	if (abi_call(&op, 1) || op.status)
		memset(&op.u, 0xee, sizeof(op.u));
	return op.u.usage;
}

bool abi_host_map(void)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_query);

	abi_call(&op, 1);
	return op.u.query.caps & XEN_IOMMUOP_CAP_host_map;
}

/* A frame of Xen's own image. */
u64 frame_of_xen(void)
{
	struct xen_kexec_range range = { .range = KEXEC_RANGE_MA_XEN };

	if (_hypercall2(int, kexec_op, KEXEC_CMD_get_range, &range))
		return 0;
	/* The text comes first; init code follows, which is freed. */
	return (range.start >> PAGE_SHIFT) + 16;
}

/* Xen's table from machine frames to dom0's, which dom0 may read. */
u64 frame_of_m2p(void)
{
	xen_pfn_t mfn = 0;
	struct xen_machphys_mfn_list list = { .max_extents = 1 };

	set_xen_guest_handle(list.extent_start, &mfn);
	return HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list) ? 0 : mfn;
}

/* A page of Xen's heap, for dom0 to read, but for Xen to write. */
u64 frame_of_shared_info(void)
{
	return xen_start_info->shared_info >> PAGE_SHIFT;
}

/* The page table page with the zero page's map. */
u64 frame_of_pte_page(void)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)page_address(ZERO_PAGE(0)),
				    &level);

	return pte && level == PG_LEVEL_4K ? virt_to_mfn(pte) : 0;
}

u64 frame_of_gdt(void)
{
	return arbitrary_virt_to_machine(get_cpu_gdt_rw(0)).maddr >> PAGE_SHIFT;
}
