/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_flush.c: the one IOTLB flush of a batch, and what waits for it.
 */
#include <xen/bitops.h>
#include <xen/lib.h>

#include "iommu_op_batch.h"

/* Join [first, first + nr) to a run that it touches, or begin one. */
void iommu_op_add_run(struct iommu_op_runs *runs, uint64_t first,
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
static inline int flush_block(const struct iommu_op_batch *b, uint64_t first,
                              uint64_t last, unsigned int flags)
{
    unsigned int order = flsl(first ^ last);
    dfn_t start = _dfn(first >> order << order);
    struct domain *d = b->d;

    /* Only entries of our leaf tables changed: the driver has a shorter way. */
    if ( b->pv->direct && flags == IOMMU_FLUSHF_modified )
        return iommu_call(dom_iommu(d)->platform_ops, leaf_flush, d, start,
                          order);

    return iommu_iotlb_flush(d, start, 1UL << order, flags);
}

/*
 * A page-selective invalidation covers an aligned block of 2^n frames, and the
 * drivers turn anything else into one of the whole domain. A run that crosses
 * a boundary of higher alignment would need a block far larger than itself;
 * cut there, each part ends at the boundary and fits in less than its double.
 */
static int flush_run(const struct iommu_op_batch *b, uint64_t first,
                     uint64_t last, unsigned int flags)
{
    unsigned long size = 1UL << flsl(first ^ last);
    int rc = 0, rc2;

    if ( unlikely(size > 2 * (last - first + 1)) )
    {
        uint64_t middle = last & ~(size / 2 - 1);

        rc = flush_block(b, first, middle - 1, flags);
        first = middle;
    }

    rc2 = flush_block(b, first, last, flags);

    return rc ?: rc2;
}

static int flush_runs(const struct iommu_op_batch *b,
                      struct iommu_op_runs *runs, unsigned int flags)
{
    unsigned int i;
    int rc = 0;

    if ( runs->all )
        rc = iommu_iotlb_flush_all(b->d, flags);
    else
        for ( i = 0; i < runs->nr; i++ )
        {
            int err = flush_run(b, runs->run[i].first, runs->run[i].last,
                                flags);

            rc = rc ?: err;
        }

    runs->nr = 0;
    runs->all = false;

    return rc;
}

static bool runs_are_any(const struct iommu_op_runs *runs)
{
    return runs->nr || runs->all;
}

/* The flush: 0, or the error of an invalidation. */
static int flush_batch(struct iommu_op_batch *b)
{
    int rc = 0, rc2 = 0;

    /* The generic path freed or replaced a table: no range covers that. */
    if ( b->flush_flags & IOMMU_FLUSHF_all )
        b->modified.all = true;
    b->flush_flags = 0;

    if ( runs_are_any(&b->modified) )
        rc = flush_runs(b, &b->modified, IOMMU_FLUSHF_modified);
    if ( runs_are_any(&b->added) )
        rc2 = flush_runs(b, &b->added, IOMMU_FLUSHF_added);

    return rc ?: rc2;
}

/* See get_writable(). */
static void put_writable(struct page_info *page)
{
    unsigned long x = read_atomic(&page->u.inuse.type_info);

    if ( unlikely((x & (PGT_type_mask | PGT_validated | PGT_partial |
                        PGT_locked)) != (PGT_writable_page | PGT_validated)) ||
         unlikely((x & PGT_count_mask) == 1) ||
         unlikely(cmpxchg(&page->u.inuse.type_info, x, x - 1) != x) )
        put_page_type(page);
}

/* Drop what a map took for @entry. */
void iommu_op_put_entry(struct iommu_op_domain *pv, uint64_t entry)
{
    struct page_info *page = mfn_to_page(entry_mfn(entry));

    if ( entry & ENTRY_TYPED )
        put_writable(page);

    if ( entry & ENTRY_REF )
        put_page(page);
    else if ( entry & ENTRY_NOREF )
        atomic_dec(&pv->noref);
}

/*
 * An entry that bears our mark is forgotten by the IOTLB: free it and drop its
 * reference. Or, if that failed, it waits for another flush.
 */
static void settle_entry(struct iommu_op_batch *b, uint64_t *p, bool flushed)
{
    uint64_t entry = read_atomic(p);

    if ( !entry_is_pending(entry, b->mark) )
        return;

    if ( unlikely(!flushed) )
    {
        write_atomic(p, entry_pending(entry, MARK_DEFERRED));
        return;
    }

    /* The reference first: a free entry may be mapped again at once. */
    iommu_op_put_entry(b->pv, entry);
    write_atomic(p, 0);
    b->hand.used--;
}

static void settle_one(struct iommu_op_batch *b,
                       const struct iommu_op_unsettled *u, bool flushed)
{
    unsigned int i;

    for ( i = 0; i < u->nr; i++ )
    {
        uint64_t *p = iommu_op_entry(b, u->bfn + i);

        if ( p )
            settle_entry(b, p, flushed);
    }

    if ( unlikely(!flushed) )
        u->op->status = -EIO;
}

/*
 * End what the batch did so far: flush, then settle, then let others in. After
 * it no entry bears our mark.
 */
void iommu_op_settle(struct iommu_op_batch *b)
{
    unsigned int i;
    bool flushed;

    if ( !b->locked )
        return;

    iommu_op_write_back(b);
    flushed = !flush_batch(b) && !b->unmap_failed;
    b->unmap_failed = false;

    for ( i = 0; i < b->nr_unsettled; i++ )
        settle_one(b, &b->unsettled[i], flushed);

    iommu_op_put_down(b);
    b->nr_unsettled = 0;
    iommu_op_unlock(b);
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
