/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_trace.c: a batch's events, in Xen's trace buffer. Called only
 * during a recording; public/iommu_op.h has the events.
 */
#include <xen/lib.h>
#include <xen/trace.h>

#include "iommu_op_batch.h"

/* Frames of an op that were mapped or unmapped. */
static void add_op(struct xen_iommu_op_trc_batch *t,
                   const struct xen_iommu_op *op)
{
    t->ops++;

    if ( op->status < 0 )
    {
        t->failed++;
        if ( !t->error )
            t->error = -op->status;
        return;
    }

    switch ( op->op )
    {
    case XEN_IOMMUOP_map:
        t->mapped += op->u.map.nr;
        break;

    case XEN_IOMMUOP_map_list:
        t->mapped += op->u.list.nr;
        break;

    case XEN_IOMMUOP_unmap:
        t->unmapped += op->u.range.nr;
        break;
    }
}

/**
 * iommu_op_trace_batch - record the end of a batch
 * @b: the batch, settled
 * @slots: its number of slots
 * @done: the number of finished slots
 */
void iommu_op_trace_batch(const struct iommu_op_batch *b, unsigned int slots,
                          unsigned int done)
{
    struct xen_iommu_op_trc_batch t = { .slots = slots, .done = done };
    unsigned int i;

    BUILD_BUG_ON((XEN_IOMMUOP_TRC_batch & TRC_IOMMU) != 0x01001000);
    BUILD_BUG_ON(sizeof(t) > TRACE_EXTRA_MAX * sizeof(uint32_t));

    for ( i = 0; i < done; i++ )
    {
        const struct xen_iommu_op *op = &b->ops[i];

        add_op(&t, op);
        i += iommu_op_list_slots(op, slots - i - 1);
    }

    trace_time(XEN_IOMMUOP_TRC_batch, sizeof(t), &t);
}

static uint32_t frames_of(const struct iommu_op_runs *runs)
{
    uint32_t frames = 0;
    unsigned int i;

    for ( i = 0; i < runs->nr; i++ )
        frames += runs->run[i].last - runs->run[i].first + 1;

    return frames;
}

/* Record the start of a flush of all recorded ranges. */
void iommu_op_trace_flush(const struct iommu_op_batch *b)
{
    bool all = b->modified.all || b->added.all;
    struct xen_iommu_op_trc_flush t = {
        .runs = all ? 0 : b->modified.nr + b->added.nr,
        .frames = all ? 0 : frames_of(&b->modified) + frames_of(&b->added),
        .waiting = b->nr_unsettled,
    };

    trace_time(XEN_IOMMUOP_TRC_flush, sizeof(t), &t);
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
