/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_flush.c: the one IOTLB flush of a batch, and what waits for it.
 */
#include <xen/bitops.h>
#include <xen/lib.h>

#include "iommu_op_batch.h"

/* Note [first, first + nr) for the flush, joined to a run that it touches. */
void iommu_op_runs_add(struct iommu_op_runs *runs, uint64_t first,
                       unsigned int nr)
{
    uint64_t last = first + nr - 1;
    unsigned int i;

    if ( runs->all )
        return;

    for ( i = 0; i < runs->nr; i++ )
        if ( first <= runs->run[i].last + 1 && last + 1 >= runs->run[i].first )
        {
            runs->run[i].first = min(runs->run[i].first, first);
            runs->run[i].last = max(runs->run[i].last, last);
            return;
        }

    if ( runs->nr == MAX_RUNS )
    {
        runs->all = true;
        return;
    }

    runs->run[runs->nr].first = first;
    runs->run[runs->nr++].last = last;
}

/* Flush the least aligned block around [first, last]. */
static int flush_block(struct domain *d, uint64_t first, uint64_t last,
                       unsigned int flags)
{
    unsigned long size = 1UL << flsl(first ^ last);

    /* Only entries of our leaf tables changed: the driver has a shorter way. */
    if ( flags == IOMMU_FLUSHF_modified && dom_iommu(d)->arch.pv->direct )
        return iommu_call(dom_iommu(d)->platform_ops, leaf_flush, d,
                          _dfn(first & ~(size - 1)), flsl(size) - 1);

    return iommu_iotlb_flush(d, _dfn(first & ~(size - 1)), size, flags);
}

/*
 * A page-selective invalidation covers an aligned block of 2^n frames, and the
 * drivers turn anything else into one of the whole domain. A run that crosses
 * a boundary of higher alignment would need a block far larger than itself;
 * cut there, each part ends at the boundary and fits in less than its double.
 */
static int flush_run(struct domain *d, uint64_t first, uint64_t last,
                     unsigned int flags)
{
    unsigned long size = 1UL << flsl(first ^ last);
    uint64_t middle = last & ~(size / 2 - 1);
    int rc, rc2;

    if ( size <= 2 * (last - first + 1) )
        return flush_block(d, first, last, flags);

    rc = flush_block(d, first, middle - 1, flags);
    rc2 = flush_block(d, middle, last, flags);

    return rc ?: rc2;
}

static int flush_all_of(struct domain *d, struct iommu_op_runs *runs,
                        unsigned int flags)
{
    unsigned int i;
    int rc = 0;

    if ( runs->all )
        rc = iommu_iotlb_flush_all(d, flags);
    else
        for ( i = 0; i < runs->nr; i++ )
        {
            int err = flush_run(d, runs->run[i].first, runs->run[i].last,
                                flags);

            rc = rc ?: err;
        }

    runs->nr = 0;
    runs->all = false;

    return rc;
}

/* The flush: 0, or the error of an invalidation. */
int iommu_op_flush_runs(struct iommu_op_batch *b)
{
    int rc, rc2;

    /* The generic path freed or replaced a table: no range covers that. */
    if ( b->flush_flags & IOMMU_FLUSHF_all )
        b->modified.all = true;
    b->flush_flags = 0;

    rc = flush_all_of(b->d, &b->modified, IOMMU_FLUSHF_modified);
    rc2 = flush_all_of(b->d, &b->added, IOMMU_FLUSHF_added);

    return rc ?: rc2;
}

/*
 * The entries of @u that bear our tag are forgotten by the IOTLB: free them
 * and drop their references. Or, if that failed, they wait for another flush.
 */
static void settle_one(struct iommu_op_batch *b,
                       const struct iommu_op_unsettled *u, bool flushed)
{
    unsigned int done, i;

    for ( done = 0; done < u->nr; )
    {
        struct iommu_op_span s = iommu_op_span(u->claim, u->bfn + done,
                                               u->nr - done);
        unsigned int freed = 0;

        for ( i = 0; s.entry && i < s.nr; i++ )
        {
            uint64_t entry = read_atomic(&s.entry[i]);

            if ( !entry_is_pending(entry, b->tag) )
                continue;

            if ( !flushed )
            {
                write_atomic(&s.entry[i], entry_pending(entry, TAG_DEFERRED));
                continue;
            }

            /* References first: a free entry may be mapped again at once. */
            iommu_op_put_entry(b->pv, entry);
            write_atomic(&s.entry[i], 0);
            freed++;
        }

        if ( freed )
            atomic_sub(freed, &s.leaf->used);

        iommu_op_span_end(&s);
        done += s.nr;
    }
}

/*
 * Let the batch change entries, until iommu_op_settle(). On the generic path it
 * is alone: tables come and go there, and a device that remembers one that went
 * could not use, until our flush, what another vCPU maps in its place.
 */
void iommu_op_begin(struct iommu_op_batch *b)
{
    if ( b->locked )
        return;

    if ( b->pv->direct )
        percpu_read_lock(iommu_op_rwlock, &b->pv->lock);
    else
        percpu_write_lock(iommu_op_rwlock, &b->pv->lock);

    b->locked = true;
}

/*
 * End what the batch did so far: flush, then settle, then let others in. After
 * it no entry bears our tag.
 */
void iommu_op_settle(struct iommu_op_batch *b)
{
    unsigned int i;
    int rc;

    if ( !b->locked )
        return;

    rc = iommu_op_flush_runs(b);
    if ( b->unmap_failed )
        rc = -EIO;
    b->unmap_failed = false;

    for ( i = 0; i < b->nr_unsettled; i++ )
    {
        const struct iommu_op_unsettled *u = &b->unsettled[i];

        settle_one(b, u, !rc);
        if ( rc )
            b->ops[u->op].status = -EIO;
    }

    b->nr_unsettled = 0;
    b->locked = false;

    if ( b->pv->direct )
        percpu_read_unlock(iommu_op_rwlock, &b->pv->lock);
    else
        percpu_write_unlock(iommu_op_rwlock, &b->pv->lock);
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
