// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints. The hypercall during a recording: its time, and its ops. And the
 * switch of the fast path, which has no tracepoint (traced.c).
 */
#include <linux/device.h>
#include <linux/timekeeping.h>

#include "batch.h"
#include "dispatch.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static void call_add(struct pviommu_call *call, const struct xen_iommu_op *op)
{
	bool good = op->status >= 0;

	if (!good && !call->status)
		call->status = op->status;
	switch (op->op) {
	case XEN_IOMMUOP_map:
		call->maps++;
		call->mapped += good ? op->u.map.nr : 0;
		break;
	case XEN_IOMMUOP_map_list:
		call->maps++;
		call->mapped += good ? op->u.list.nr : 0;
		break;
	case XEN_IOMMUOP_unmap:
		call->unmaps++;
		call->unmapped += good ? op->u.range.nr : 0;
		break;
	default:
		call->others++;
	}
}

/* Of maps, unmaps and hits, how many are recorded. The tracepoints' lock. */
static unsigned int recorded;

struct pviommu_quick pviommu_quick __read_mostly = {
	.static_mode = PVIOMMU_STATIC,
	.reuse_mode = PVIOMMU_REUSE,
};

int pviommu_quick_leave(void)
{
	if (!recorded++) {
		WRITE_ONCE(pviommu_quick.static_mode, PVIOMMU_MODES);
		WRITE_ONCE(pviommu_quick.reuse_mode, PVIOMMU_MODES);
	}

	return 0;
}

void pviommu_quick_return(void)
{
	if (!--recorded) {
		WRITE_ONCE(pviommu_quick.static_mode, PVIOMMU_STATIC);
		WRITE_ONCE(pviommu_quick.reuse_mode, PVIOMMU_REUSE);
	}
}

/* See pviommu_hypercall(). */
long pviommu_hypercall_traced(struct xen_iommu_op *ops, unsigned int slots)
{
	const struct xen_iommu_op *op, *end = ops + slots;
	struct pviommu_call call = { .slots = slots };
	u64 start = ktime_get_mono_fast_ns(), now;
	long rc = _hypercall2(long, iommu_op, ops, slots);

	/* The fast clock may step back, as its own text says. */
	now = ktime_get_mono_fast_ns();
	call.ns = now > start ? now - start : 0;
	call.status = rc;
	/* A failed call leaves no statuses. */
	for (op = ops; !rc && op < end; op += pviommu_op_slots(op))
		call_add(&call, op);
	trace_pviommu_batch(&call);

	return rc;
}
