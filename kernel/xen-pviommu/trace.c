// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls while somebody looks: their time, and what was in them.
 */
#include <linux/device.h>
#include <linux/timekeeping.h>

#include "batch.h"
#include "fast.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static void look_at(struct pviommu_call *call, const struct xen_iommu_op *op)
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
	.fixed = PVIOMMU_STATIC,
	.reuse = PVIOMMU_REUSE,
};

int pviommu_quick_leave(void)
{
	if (!recorded++) {
		WRITE_ONCE(pviommu_quick.fixed, PVIOMMU_MODES);
		WRITE_ONCE(pviommu_quick.reuse, PVIOMMU_MODES);
	}

	return 0;
}

void pviommu_quick_return(void)
{
	if (!--recorded) {
		WRITE_ONCE(pviommu_quick.fixed, PVIOMMU_STATIC);
		WRITE_ONCE(pviommu_quick.reuse, PVIOMMU_REUSE);
	}
}

/* See pviommu_map(): the same, and told of. */
dma_addr_t pviommu_map_traced(struct pviommu_device *pd, phys_addr_t phys,
			      size_t size, u64 limit, u16 access,
			      unsigned long align)
{
	unsigned long pages = PFN_UP(offset_in_page(phys) + size);
	enum pviommu_mode mode = READ_ONCE(pd->mode);
	enum pviommu_by by = PVIOMMU_BY_STATIC;
	dma_addr_t addr = 0;

	if (mode == PVIOMMU_STATIC) {
		addr = pviommu_map_static(pd, phys, size, limit, access);
	} else if (mode == PVIOMMU_REUSE) {
		addr = pviommu_map_again(pd, phys, size, limit, access, align);
		by = PVIOMMU_BY_REUSE;
	}
	if (!addr)
		return pviommu_map_new(pd, phys, size, limit, access, align);
	trace_pviommu_map(pd->dev, PHYS_PFN(addr), pages, by);
	if (by == PVIOMMU_BY_REUSE)
		trace_pviommu_reuse_hit(pd->dev, PHYS_PFN(addr), pages, by);

	return addr;
}

/* See pviommu_unmap(): the same, and told of. */
int pviommu_unmap_traced(struct pviommu_device *pd, dma_addr_t addr)
{
	u64 run = 0;

	if (READ_ONCE(pd->mode) == PVIOMMU_REUSE)
		run = pviommu_idle(pd, addr);
	if (!run)
		return pviommu_unmap_now(pd, addr);
	trace_pviommu_unmap(pd->dev, PHYS_PFN(addr), pviommu_run_nr(run),
			    PVIOMMU_BY_REUSE);

	return 0;
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
		look_at(&call, op);
	trace_pviommu_batch(&call);

	return rc;
}
