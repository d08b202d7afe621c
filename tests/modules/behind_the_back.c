// SPDX-License-Identifier: GPL-2.0-only
/*
 * behind_the_back: edits dom0's IOMMU map beside xen_pviommu, so that Xen refuses
 * ops that xen_pviommu has every reason to expect. The parameters take a BFN:
 *
 *	map	it maps a page of this module
 *	unmap	it maps nothing
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>
#include <xen/xen.h>
#include <xen/interface/xen.h>
#include <public/iommu_op.h>
#include "order.h"

static void *page;

static int carry_out(struct xen_iommu_op *op)
{
	long rc = _hypercall2(long, iommu_op, op, 1);

	return rc ?: op->status;
}

static int map_order(const char *word, const struct kernel_param *kp)
{
	struct xen_iommu_op op = {
		.op = XEN_IOMMUOP_map,
		.flags = XEN_IOMMUOP_MAP_read,
		.u.map = { .domid = DOMID_SELF, .nr = 1 },
	};
	int err = kstrtoull(word, 0, &op.u.map.bfn);

	op.u.map.mfn = virt_to_mfn(page);

	return err ?: carry_out(&op);
}

static int unmap_order(const char *word, const struct kernel_param *kp)
{
	struct xen_iommu_op op = {
		.op = XEN_IOMMUOP_unmap,
		.u.range = { .nr = 1 },
	};
	int err = kstrtoull(word, 0, &op.u.range.bfn);

	return err ?: carry_out(&op);
}

ORDER(map);
MODULE_PARM_DESC(map, "a BFN to map");
ORDER(unmap);
MODULE_PARM_DESC(unmap, "a BFN to unmap");

static int __init start(void)
{
	if (!xen_pv_domain())
		return -ENODEV;
	page = (void *)get_zeroed_page(GFP_KERNEL);

	return page ? 0 : -ENOMEM;
}

static void __exit stop(void)
{
	free_page((unsigned long)page);
}

module_init(start);
module_exit(stop);

MODULE_DESCRIPTION("Edits dom0's IOMMU map behind xen_pviommu's back");
MODULE_LICENSE("GPL");
