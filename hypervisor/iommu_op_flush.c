/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_flush.c: the one IOTLB flush of a batch, and what waits for it.
 */
#include <xen/bitops.h>
#include <xen/lib.h>
#include <xen/trace.h>
#include <asm/paging.h>

#include "iommu_op_plain.h"

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

/* Note maps for the flush, of the batch's ops from the first of them on. */
void iommu_op_note_added(struct iommu_op_batch *b, uint64_t bfn,
                         unsigned int nr)
{
    if ( !b->added.nr )
        b->added_from = b->op;

    iommu_op_runs_add(&b->added, bfn, nr);
}

/*
 * The driver queued tables that were unlinked, and frees them once the caller
 * has left the hypervisor. When the flush failed that was for them, devices may
 * still walk them: they are never freed.
 */
static int flushed(int rc)
{
    if ( likely(!rc) )
        return 0;

    iommu_keep_queued_pgtables();

    return -EIO;
}

/* Flush all of @d's BFNs: 0 or -EIO. @flags: IOMMU_FLUSHF_* */
int iommu_op_flush_all(struct domain *d, unsigned int flags)
{
    return flushed(iommu_iotlb_flush_all(d, flags));
}

/* Flush the aligned block of 2^order frames from @first. */
static inline int flush_block(const struct iommu_op_batch *b, uint64_t first,
                              unsigned int order, unsigned int flags)
{
    struct domain *d = b->d;

    /* Only entries of our leaf tables changed: the driver has a shorter way. */
    if ( b->pv->direct && flags == IOMMU_FLUSHF_modified )
        return iommu_call(dom_iommu(d)->platform_ops, leaf_flush, d,
                          _dfn(first), order);

    return iommu_iotlb_flush(d, _dfn(first), 1UL << order, flags);
}

/* Flush the least such block around [first, last]. */
static int flush_around(const struct iommu_op_batch *b, uint64_t first,
                        uint64_t last, unsigned int flags)
{
    unsigned int order = flsl(first ^ last);

    return flush_block(b, first >> order << order, order, flags);
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

        rc = flush_around(b, first, middle - 1, flags);
        first = middle;
    }

    rc2 = flush_around(b, first, last, flags);

    return rc ?: rc2;
}

static noinline int flush_runs(const struct iommu_op_batch *b,
                               const struct iommu_op_runs *runs,
                               unsigned int flags)
{
    unsigned int i;
    int rc = 0;

    if ( runs->all )
        return iommu_iotlb_flush_all(b->d, flags);

    for ( i = 0; i < runs->nr; i++ )
    {
        int err = flush_run(b, runs->run[i].first, runs->run[i].last, flags);

        rc = rc ?: err;
    }

    return rc;
}

/* All that is noted; of which, mostly, there is one frame. */
static inline int flush(const struct iommu_op_batch *b,
                        struct iommu_op_runs *runs, unsigned int flags)
{
    bool one = runs->nr == 1 && !runs->all &&
               runs->run[0].first == runs->run[0].last;
    int rc = one ? flush_block(b, runs->run[0].first, 0, flags)
                 : flush_runs(b, runs, flags);

    runs->nr = 0;
    runs->all = false;

    return rc;
}

/*
 * Devices may not see yet what these ops mapped, because the flush that this
 * IOMMU needs for it failed: they say so, and the guest unmaps it.
 */
static noinline void maps_failed(const struct iommu_op_batch *b)
{
    struct xen_iommu_op *op = b->added_from, *end = b->op + 1;

    for ( ; op < end; op += 1 + iommu_op_list_slots(op, end - op - 1) )
        if ( (op->op == XEN_IOMMUOP_map || op->op == XEN_IOMMUOP_map_list) &&
             op->status >= 0 )
            op->status = -EIO;
}

/* The flush: 0, or -EIO if devices may still reach what was unmapped. */
static int flush_batch(struct iommu_op_batch *b)
{
    int rc = 0;

    /* The generic path freed or replaced a table: no range covers that. */
    if ( b->flush_flags & IOMMU_FLUSHF_all )
        b->modified.all = true;
    b->flush_flags = 0;

    if ( unlikely(tb_init_done) )
        iommu_op_trace_flush(b);

    if ( b->modified.nr || b->modified.all )
        rc = flushed(flush(b, &b->modified, IOMMU_FLUSHF_modified));
    if ( unlikely(b->added.nr) && flush(b, &b->added, IOMMU_FLUSHF_added) )
        maps_failed(b);

    return rc;
}

/* A device may have written to the page: who copies its owner must know. */
static noinline void put_foreign(struct page_info *page)
{
    paging_mark_dirty(page_get_owner(page), page_to_mfn(page));
    put_page(page);
}

/* References, or nothing of MMIO; or it has yielded. */
static noinline void put_held(struct iommu_op_domain *pv, uint64_t entry)
{
    struct page_info *page = mfn_to_page(entry_mfn(entry));

    if ( (entry & ENTRY_KIND) == ENTRY_YIELDED )
    {
        atomic_dec(&pv->yielded);
        return;
    }

    if ( entry & ENTRY_TYPED )
        iommu_op_put_writable(page);

    if ( (entry & ENTRY_FOREIGN) == ENTRY_FOREIGN )
        put_foreign(page);
    else if ( entry & ENTRY_REF )
        iommu_op_put_own(page);
}

static inline void put_entry(struct iommu_op_domain *pv, uint64_t entry,
                             struct iommu_op_leaf *leaf, unsigned int index)
{
    if ( likely((entry & ENTRY_KIND) == ENTRY_YIELD) )
        iommu_op_yield_put(pv, mfn_x(entry_mfn(entry)), leaf, index);
    else
        put_held(pv, entry);
}

/* Drop what a map took for @entry, which stands, or was to, at @leaf[@index]. */
void iommu_op_put_entry(struct iommu_op_domain *pv, uint64_t entry,
                        struct iommu_op_leaf *leaf, unsigned int index)
{
    put_entry(pv, entry, leaf, index);
}

/*
 * An entry that bears our mark is forgotten by the IOTLB: free it and drop its
 * reference. Or, if that failed, it waits for another flush.
 */
static inline void settle_entry(struct iommu_op_batch *b, uint64_t *p,
                                bool flushed)
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
    put_entry(b->pv, entry, b->hand.leaf, p - b->hand.entry);
    write_atomic(p, 0);
    b->hand.used--;
}

static inline void settle_one(struct iommu_op_batch *b,
                              const struct iommu_op_unsettled *u, bool flushed)
{
    unsigned int left = u->nr, nr;
    struct xen_iommu_op *op;
    uint64_t bfn = u->bfn;

    do {
        uint64_t *p = iommu_op_entry(b, bfn), *end;

        /* Claims, and so leaf tables, start at a multiple of their size. */
        nr = min(left, (unsigned int)(LEAF_FRAMES - bfn % LEAF_FRAMES));
        bfn += nr;
        left -= nr;

        for ( end = p ? p + nr : p; p < end; p++ )
            settle_entry(b, p, flushed);
    } while ( unlikely(left) );

    for ( op = u->op; unlikely(!flushed) && op < u->end; op++ )
        op->status = -EIO;
}

/* See iommu_op_settle(): flush, then free what waited for that. */
void iommu_op_flush_and_free(struct iommu_op_batch *b)
{
    const struct iommu_op_unsettled *end = b->unsettled + b->nr_unsettled;
    const struct iommu_op_unsettled *u;
    bool flushed;

    iommu_op_write_back(b);
    for ( u = b->unsettled; u < end; u++ )
        iommu_op_runs_add(&b->modified, u->bfn, u->nr);
    flushed = !flush_batch(b) && likely(!b->unmap_failed);
    b->unmap_failed = false;

    for ( u = b->unsettled; u < end; u++ )
        settle_one(b, u, flushed);

    b->nr_unsettled = 0;
    b->owed = 0;
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
