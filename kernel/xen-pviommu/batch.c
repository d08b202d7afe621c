// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page of ops of each CPU, and how the page goes to Xen. Only this file
 * looks at the statuses of maps and unmaps.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/percpu.h>

#include "batch.h"
#include "counters.h"
#include "probe.h"

static_assert(XEN_IOMMUOP_MAX_OPS * sizeof(struct xen_iommu_op) == PAGE_SIZE);

DEFINE_PER_CPU(struct pviommu_batch, pviommu_batches);

/* The ops of a batch must not cross a page: Xen reads them where they are. */
int pviommu_batch_init(struct pviommu_batch *b)
{
	*b = (struct pviommu_batch){
		.ops = (void *)__get_free_page(GFP_KERNEL),
	};

	return b->ops ? 0 : -ENOMEM;
}

void pviommu_batch_exit(struct pviommu_batch *b)
{
	free_page((unsigned long)b->ops);
	b->ops = NULL;
}

/* All possible CPUs: a CPU that comes online later maps DMA at once. */
int pviommu_batches_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (pviommu_batch_init(per_cpu_ptr(&pviommu_batches, cpu))) {
			pviommu_batches_exit();
			return -ENOMEM;
		}
	}

	return 0;
}

void pviommu_batches_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		pviommu_batch_exit(per_cpu_ptr(&pviommu_batches, cpu));
}

/**
 * pviommu_batch_begin - this CPU's batch, empty
 * @flags: where the interrupt state is saved
 *
 * Context: any but NMI. Interrupts stay off until pviommu_batch_end(); no lock
 * may be taken in between.
 */
struct pviommu_batch *pviommu_batch_begin(unsigned long *flags)
{
	local_irq_save(*flags);

	return pviommu_batch_here();
}

/* The same, for callers with interrupts off. */
struct pviommu_batch *pviommu_batch_here(void)
{
	struct pviommu_batch *b = this_cpu_ptr(&pviommu_batches);

	b->nr = 0;
	b->riders = 0;
	b->error = 0;
	b->unclean = false;
	b->desc = 0;
	b->settled = 0;

	return b;
}

void pviommu_batch_end(unsigned long flags)
{
	local_irq_restore(flags);
}

static void batch_fail(struct pviommu_batch *b, int status)
{
	pviommu_count(PVIOMMU_ERRORS, 1);
	if (!b->error)
		b->error = status;
}

/*
 * May the op's mapping wait for its unmap? A mapping that yields may. So may a
 * mapping that devices only read: it holds no page that Linux frees. Xen holds
 * a writable page until the unmap, and Linux must not get the page back before.
 */
static u64 run_flags(const struct xen_iommu_op *op)
{
	if (op->status == XEN_IOMMUOP_STATUS_held)
		return PVIOMMU_DESC_STRICT;
	if (likely(op->flags & XEN_IOMMUOP_MAP_yield))
		return 0;
	if (op->flags & (XEN_IOMMUOP_MAP_write | XEN_IOMMUOP_MAP_mmio))
		return PVIOMMU_DESC_STRICT;

	return PVIOMMU_DESC_QUEUE;
}

/* Look at the statuses of the batch's own ops. Return: the number of ops. */
static unsigned int batch_look(struct pviommu_batch *b)
{
	const struct xen_iommu_op *op, *end = b->ops + b->nr;
	unsigned int n = 0;

	for (op = b->ops; op < end; op += pviommu_op_slots(op), n++) {
		if (unlikely(op->status < 0))
			batch_fail(b, op->status);
		b->desc |= run_flags(op);
	}

	return n;
}

/* A failed call leaves no statuses, though Xen may have carried out the ops. */
static void call_failed(struct pviommu_batch *b, long rc)
{
	struct xen_iommu_op *op, *end = b->ops + b->nr + b->riders;

	for (op = b->ops; op < end; op += pviommu_op_slots(op))
		op->status = rc;
	b->unclean = true;
}

/**
 * pviommu_batch_submit - give all ops that wait to Xen
 * @b: the batch
 *
 * Afterwards each op in the b->nr slots, and each rider, has its status. The
 * first status below 0 of the batch's own ops is in b->error. The caller reads
 * the statuses, then empties the batch (b->nr = 0).
 */
void pviommu_batch_submit(struct pviommu_batch *b)
{
	unsigned int slots = b->nr + b->riders;
	long rc;

	if (!slots)
		return;

	rc = pviommu_hypercall(b->ops, slots);
	if (unlikely(rc))
		call_failed(b, rc);
	pviommu_count(PVIOMMU_OPS, batch_look(b) + b->riders);
}

/* See pviommu_batch_join(): the last op, of one frame, gets a second frame. */
bool pviommu_batch_list_begin(struct pviommu_batch *b, u64 mfn)
{
	struct xen_iommu_op *op = b->last;
	u64 first = op->u.map.mfn;

	if (!pviommu_batch_list_slot(b, 0))
		return false;
	op->op = XEN_IOMMUOP_map_list;
	op->u.list.pad0 = 0;
	op->u.list.nr = 2;
	op->u.list.pad1 = 0;
	pviommu_list_mfns(op)[0] = first;
	pviommu_list_mfns(op)[1] = mfn;

	return true;
}

/* The caller has checked the room, and adds no more ops of its own. */
struct xen_iommu_op_range *pviommu_batch_append_rider(struct pviommu_batch *b,
						      u64 bfn, u32 nr)
{
	struct xen_iommu_op *op = &b->ops[b->nr + b->riders++];

	pviommu_op_unmap(op, bfn, nr);

	return &op->u.range;
}
