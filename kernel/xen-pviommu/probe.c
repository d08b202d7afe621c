// SPDX-License-Identifier: GPL-2.0-only
/*
 * The query decides whether the module serves. No other op is issued before Xen has
 * agreed. Every refusal has a word (for sysfs) and one log line.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <xen/xen.h>
#include <xen/interface/memory.h>

#include "params.h"
#include "probe.h"
#include "xencall.h"

struct pviommu_xen pviommu_xen __read_mostly;

struct refusal {
	const char *reason;
	const char *text;
};

static const struct refusal not_dom0 = {
	"not-pv-dom0", "not a PV dom0: nothing to do"
};

static const struct refusal no_hypercall = {
	"no-hypercall",
	"this Xen has no iommu_op: xen-swiotlb stays in charge"
};

static const struct refusal no_magic = {
	"no-magic",
	"hypercall 43 of this Xen is not our iommu_op: xen-swiotlb stays in charge"
};

static const struct refusal unknown = {
	"unknown",
	"Xen refuses for a reason unknown to this version: xen-swiotlb stays in charge"
};

static const struct refusal refusals[] = {
	[XEN_IOMMUOP_WHY_xsm] = {
		"xsm",
		"XSM does not allow iommu_op: xen-swiotlb stays in charge"
	},
	[XEN_IOMMUOP_WHY_not_pv] = {
		"not-pv",
		"Xen says this is no PV hardware domain: xen-swiotlb stays in charge"
	},
	[XEN_IOMMUOP_WHY_no_iommu] = {
		"no-iommu",
		"Xen has no IOMMU for this domain: xen-swiotlb stays in charge"
	},
	[XEN_IOMMUOP_WHY_passthrough] = {
		"passthrough",
		"DMA bypasses translation (dom0-iommu=passthrough): xen-swiotlb stays in charge"
	},
	[XEN_IOMMUOP_WHY_maintained] = {
		"maintained",
		"need_iommu is set (dom0-iommu=strict): Xen maintains the map, xen-swiotlb stays in charge"
	},
	[XEN_IOMMUOP_WHY_driver] = {
		"driver",
		"Xen's IOMMU driver can't do iommu_op: xen-swiotlb stays in charge"
	},
};

/* Returns NULL when Xen agrees, with the answer in @op. */
static const struct refusal *query(struct xen_iommu_op *op)
{
	const struct xen_iommu_op_query *answer = &op->u.query;
	long rc;

	if (!xen_pv_domain() || !xen_initial_domain())
		return &not_dom0;

	*op = (struct xen_iommu_op){ .op = XEN_IOMMUOP_query };
	rc = pviommu_hypercall_lone(op);
	if (rc == -ENOSYS)
		return &no_hypercall;
	/*
	 * Others have used the number with other arguments: nothing in the
	 * answer means anything before the magic is there.
	 */
	if (rc || op->status || answer->magic != XEN_IOMMUOP_MAGIC ||
	    answer->version != XEN_IOMMUOP_VERSION)
		return &no_magic;
	if (answer->why == XEN_IOMMUOP_WHY_ok)
		return NULL;
	if (answer->why < ARRAY_SIZE(refusals))
		return &refusals[answer->why];

	return &unknown;
}

/**
 * pviommu_probe - ask Xen whether it lets us edit the map
 * @reason: set to a word for sysfs: "none", or why not
 *
 * Return: 0 with pviommu_xen filled in, or -ENODEV after one log line.
 */
int pviommu_probe(const char **reason)
{
	const struct refusal *refusal;
	struct xen_iommu_op op;
	long max_ram;

	refusal = query(&op);
	if (refusal) {
		*reason = refusal->reason;
		pr_notice("%s\n", refusal->text);
		return -ENODEV;
	}

	pviommu_xen.max_ops = clamp_t(unsigned int, pviommu_params.max_ops, 1,
				      min_t(unsigned int, op.u.query.max_ops,
					    XEN_IOMMUOP_MAX_OPS));
	pviommu_xen.max_frames = op.u.query.max_frames;
	pviommu_xen.piece = min(pviommu_xen.max_frames, PVIOMMU_PIECE);
	pviommu_xen.bfn_bits = op.u.query.bfn_bits;
	pviommu_xen.max_tables = op.u.query.max_tables;
	pviommu_xen.host_map = op.u.query.caps & XEN_IOMMUOP_CAP_host_map;
	pviommu_xen.yield = op.u.query.caps & XEN_IOMMUOP_CAP_yield ?
			    XEN_IOMMUOP_MAP_yield : 0;

	max_ram = HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL);
	if (max_ram <= 0) {
		*reason = "unknown";
		pr_notice("Xen does not tell where its RAM ends: xen-swiotlb stays in charge\n");
		return -ENODEV;
	}
	pviommu_xen.max_ram = max_ram + 1;
	*reason = "none";

	return 0;
}
