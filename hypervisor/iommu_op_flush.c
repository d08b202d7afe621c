/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_flush.c: the one IOTLB flush of a batch, and the work behind.
 */
#include <xen/bitops.h>
#include <xen/lib.h>
#include <xen/trace.h>

#include "iommu_op_single.h"

/* Join [first, first + nr) to a neighbouring run, or begin a run. */
void iommu_op_run_add_slow(struct iommu_op_runs *runs, uint64_t first,
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

    iommu_op_run_add(&b->added, bfn, nr);
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
 * drivers turn anything else into a flush of the whole domain. A run over a
 * boundary of higher alignment would need a block far larger than the run. Cut
 * at the boundary, each part ends there and fits in less than its double.
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

/* Flush every recorded range. Usually it is one frame. */
static inline int flush_recorded(const struct iommu_op_batch *b,
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
 * Devices may not see these ops' maps yet, because this IOMMU's flush for them
 * failed: the status says so, and the guest unmaps them.
 */
static noinline void maps_failed(const struct iommu_op_batch *b)
{
    struct xen_iommu_op *op = b->added_from, *end = b->op + 1;

    for ( ; op < end; op += 1 + iommu_op_list_slots(op, end - op - 1) )
        if ( (op->op == XEN_IOMMUOP_map || op->op == XEN_IOMMUOP_map_list) &&
             op->status >= 0 )
            op->status = -EIO;
}

/* The flush: 0, or -EIO if devices may still reach unmapped frames. */
static int flush_batch(struct iommu_op_batch *b)
{
    int rc = 0;

    /* The generic path freed or replaced a table: a range is not enough. */
    if ( b->flush_flags & IOMMU_FLUSHF_all )
        b->modified.all = true;
    b->flush_flags = 0;

    if ( unlikely(tb_init_done) )
        iommu_op_trace_flush(b);

    if ( b->modified.nr || b->modified.all )
        rc = iommu_op_flush_result(flush_recorded(b, &b->modified,
                                                  IOMMU_FLUSHF_modified));
    if ( unlikely(b->added.nr) &&
         flush_recorded(b, &b->added, b->pv->flush_added) )
        maps_failed(b);

    return rc;
}

/* Settle an entry of any owner, yielding or not: was the entry this batch's? */
static noinline bool settle_entry_slow(const struct iommu_op_batch *b,
                                       uint64_t *p)
{
    uint64_t entry = read_atomic(p);

    if ( !entry_is_pending(entry, b->pending) )
        return false;

    /* The reference goes first: a free entry may be mapped again at once. */
    iommu_op_put_entry(b->pv, entry, b->cached.leaf, p - b->cached.entry);
    write_atomic(p, 0);

    return true;
}

static noinline void settle_shared(uint64_t *slot, uint64_t one, uint64_t *p)
{
    iommu_op_slot_remove(slot, one);
    write_atomic(p, 0);
}

/*
 * A yielding entry. The lock is not needed if the slot names the entry alone.
 */
static inline void settle_yielding(uint64_t *slot, uint64_t one, uint64_t *p)
{
    if ( likely(cmpxchg(slot, one, 0) == one) )
        write_atomic(p, 0);
    else
        settle_shared(slot, one, p);
}

/* Is a pending entry @like that, except for its address? */
static inline bool entry_is_like(uint64_t entry, uint64_t like)
{
    return likely((entry & ~ENTRY_ADDRESS) == like);
}

/*
 * An entry of the cached table, as in most batches: was the entry this
 * batch's?
 */
static inline bool settle_entry(const struct iommu_op_batch *b, uint64_t *p)
{
    uint64_t entry = read_atomic(p);

    if ( !entry_is_like(entry, b->usual) )
        return settle_entry_slow(b, p);

    settle_yielding(slot_of(b->pv->rmap, entry), iommu_op_one(b, p), p);

    return true;
}

/* No pending entry has this value, which has the present bits. */
#define NO_ENTRY (~0ULL)

/* Several entries: how many were ours. */
static noinline unsigned int settle_entries(const struct iommu_op_batch *b,
                                            uint64_t *p, unsigned int nr)
{
    const struct iommu_op_rmap *rmap = b->pv->rmap;
    uint64_t like = b->usual, next = NO_ENTRY;
    uint64_t one = iommu_op_one(b, p);
    uint64_t *slot = NULL, *end;

    for ( end = p + nr; p < end; p++, one += SLOT_NEXT )
    {
        uint64_t entry = read_atomic(p);

        /* A buffer's frames mostly follow each other; a piece's slots do. */
        if ( entry != next || !((unsigned long)++slot & ~PAGE_MASK) )
        {
            if ( !entry_is_like(entry, like) )
            {
                nr -= !settle_entry_slow(b, p);
                continue;
            }
            slot = slot_of(rmap, entry);
        }

        settle_yielding(slot, one, p);
        next = entry + PAGE_SIZE;
    }

    return nr;
}

/* The flush failed: the entries wait for another. */
static void defer_entries(const struct iommu_op_batch *b, uint64_t *p,
                          unsigned int nr)
{
    for ( ; nr--; p++ )
    {
        uint64_t entry = read_atomic(p);

        if ( entry_is_pending(entry, b->pending) )
            write_atomic(p, entry_pending(b->pv, entry, PENDING_DEFERRED));
    }
}

static inline void settle_one(struct iommu_op_batch *b,
                              const struct iommu_op_unsettled *u, bool flushed)
{
    unsigned int left = u->nr, nr;
    struct xen_iommu_op *op;
    uint64_t bfn = u->bfn;

    do {
        uint64_t *p = iommu_op_entry(b, bfn);

        /* Claims, and so leaf tables, start at a multiple of their size. */
        nr = min(left, (unsigned int)(LEAF_FRAMES - bfn % LEAF_FRAMES));
        bfn += nr;
        left -= nr;

        if ( unlikely(!p) )
            continue;
        if ( unlikely(!flushed) )
            defer_entries(b, p, nr);
        else
            b->cached.used -= nr == 1 ? settle_entry(b, p)
                                    : settle_entries(b, p, nr);
    } while ( unlikely(left) );

    for ( op = u->op; unlikely(!flushed) && op < u->end; op++ )
        op->status = -EIO;
}

/* See iommu_op_settle(): flush, then free the waiting entries. */
void iommu_op_flush_and_free(struct iommu_op_batch *b)
{
    const struct iommu_op_unsettled *end = b->unsettled + b->nr_unsettled;
    const struct iommu_op_unsettled *u;
    bool flushed;

    iommu_op_write_back(b);
    for ( u = b->unsettled; u < end; u++ )
        iommu_op_run_add(&b->modified, u->bfn, u->nr);
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
