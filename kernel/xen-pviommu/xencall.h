/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door to Xen. The interface itself is hypervisor/public/iommu_op.h, on the
 * include path by the Makefile (or copied here by kernel/integrate).
 */
#ifndef _XEN_PVIOMMU_XENCALL_H
#define _XEN_PVIOMMU_XENCALL_H

#include <linux/types.h>
#include <asm/xen/hypercall.h>
#include "counters.h"
#include "iommu_op.h"
#include "trace.h"

/* trace.c */
long pviommu_hypercall_traced(struct xen_iommu_op *ops, unsigned int slots);

/* @slots are not more than a page. The caller counts the ops in them. */
static inline long pviommu_hypercall(struct xen_iommu_op *ops,
				     unsigned int slots)
{
	pviommu_count(PVIOMMU_HYPERCALLS, 1);
	if (trace_pviommu_batch_enabled())
		return pviommu_hypercall_traced(ops, slots);

	return _hypercall2(long, iommu_op, ops, slots);
}

/* One op in one slot. */
static inline long pviommu_hypercall_lone(struct xen_iommu_op *op)
{
	pviommu_count(PVIOMMU_OPS, 1);

	return pviommu_hypercall(op, 1);
}

/* A single op outside of a batch: the call's error, or the op's status. */
static inline int pviommu_hypercall_one(struct xen_iommu_op *op)
{
	long rc;

	op->status = -EIO;
	rc = pviommu_hypercall_lone(op);

	return rc ? (int)rc : op->status;
}

#endif /* _XEN_PVIOMMU_XENCALL_H */
