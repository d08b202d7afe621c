/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_batch.h: one batch of the PV-IOMMU hypercall, while it runs.
 *
 * Each vCPU has a batch, made by its first op. The hypercall settles the batch
 * before it returns or makes a continuation.
 */
#ifndef __X86_PV_IOMMU_OP_BATCH_H__
#define __X86_PV_IOMMU_OP_BATCH_H__

#include "iommu_op.h"

/*
 * Runs of BFNs to flush. Up to 4 runs are flushed one by one; more runs cost
 * more invalidations than a flush of the whole domain.
 */
#define MAX_RUNS 4

struct iommu_op_runs {
    unsigned int nr;
    bool all;
    struct {
        uint64_t first, last;
    } run[MAX_RUNS];
};

/*
 * The cached leaf table. Neighbouring ops mostly use the same table, and so
 * does the next batch: the table is looked up once, and stays cached while no
 * table of its domain goes. Write-back and the used count are updated once,
 * when the batch leaves this table or is settled.
 */
struct iommu_op_cached {
    uint64_t bfn;               /* of its first entry */
    unsigned int nr;            /* LEAF_FRAMES; 0: no table is cached */
    int used;                   /* to add to leaf->used */
    uint64_t *first, *end;      /* entries that were not written back yet */
    uint64_t *entry;
    struct iommu_op_leaf *leaf;
    uint64_t one;               /* slot that names only its first entry */
    bool watched;               /* maps in the table may yield */
    uint64_t epoch;             /* pv->epoch at the look-up */
};

/*
 * Entries of [bfn, bfn + nr) with our pending bits wait for the batch's flush,
 * on account of the ops [op, end).
 */
struct iommu_op_unsettled {
    uint64_t bfn;
    unsigned int nr;
    struct xen_iommu_op *op, *end;
};

struct iommu_op_batch {
    /* These never change. */
    struct domain *d;
    struct iommu_op_domain *pv;
    uint64_t pending;           /* bits of entries that wait for our flush */
    uint64_t usual;             /* such an entry without its address, if it
                                   yields */
    iommu_op_owner_t owner;     /* the domain */

    struct xen_iommu_op *op;    /* the op in progress */
    bool locked;                /* see iommu_op_lock() */
    struct iommu_op_cached cached;
    long mapped;                /* entries that this vCPU took, less freed */

    struct iommu_op_runs added, modified;
    struct xen_iommu_op *added_from; /* the first op with a run in added */
    unsigned int flush_flags;   /* flush that the generic functions ask for */
    bool unmap_failed;          /* a generic unmap lacked memory */

    unsigned int nr_unsettled;
    unsigned int owed;          /* their frames: see must_stop() */
    struct iommu_op_unsettled unsettled[XEN_IOMMUOP_MAX_OPS];
    struct xen_iommu_op ops[XEN_IOMMUOP_MAX_OPS];
};

/* iommu_op_leaf.c */
uint64_t *iommu_op_find_entry(struct iommu_op_batch *b, uint64_t bfn);

/* iommu_op_flush.c */
void iommu_op_run_add_slow(struct iommu_op_runs *runs, uint64_t first,
                           unsigned int nr);
void iommu_op_note_added(struct iommu_op_batch *b, uint64_t bfn,
                         unsigned int nr);
void iommu_op_flush_and_free(struct iommu_op_batch *b);

/* iommu_op_map.c */
int iommu_op_map_slow(struct iommu_op_batch *b,
                      const struct xen_iommu_op_map *m, unsigned int flags);
int iommu_op_map_list(struct iommu_op_batch *b,
                      const struct xen_iommu_op_list *l, unsigned int flags,
                      const uint64_t *list);
int iommu_op_unmap_slow(struct iommu_op_batch *b,
                        const struct xen_iommu_op_range *r, bool defer);
int iommu_op_flush(struct iommu_op_batch *b,
                   const struct xen_iommu_op_range *r);

/* iommu_op_yield.c */
int iommu_op_map_frame_slow(struct iommu_op_batch *b, uint64_t *p,
                            unsigned long mfn, uint64_t entry);
bool iommu_op_make_pending_slow(const struct iommu_op_domain *pv, uint64_t *p,
                                uint64_t pending);
int iommu_op_revoke_range(struct iommu_op_batch *b,
                          const struct xen_iommu_op_range *r);

/* iommu_op_trace.c */
void iommu_op_trace_batch(const struct iommu_op_batch *b, unsigned int slots,
                          unsigned int done);
void iommu_op_trace_flush(const struct iommu_op_batch *b);

/* Slots of the op's list, among the @behind slots behind the op. */
static inline unsigned int iommu_op_list_slots(const struct xen_iommu_op *op,
                                               unsigned int behind)
{
    unsigned int nr = op->u.list.nr;

    if ( op->op != XEN_IOMMUOP_map_list )
        return 0;

    return nr > behind * XEN_IOMMUOP_LIST_MFNS
           ? behind : DIV_ROUND_UP(nr, XEN_IOMMUOP_LIST_MFNS);
}

/*
 * Let the batch change entries, until iommu_op_settle(). On the generic path
 * the batch is alone: tables come and go there. Until our flush a device may
 * remember a table that went, and could not use another vCPU's map in its
 * place.
 */
static always_inline void iommu_op_lock(struct iommu_op_batch *b)
{
    if ( likely(b->pv->direct) )
        percpu_read_lock(iommu_op_rwlock, &b->pv->lock);
    else
        percpu_write_lock(iommu_op_rwlock, &b->pv->lock);

    b->locked = true;

    if ( unlikely(b->cached.epoch != b->pv->epoch) )
        b->cached.nr = 0;
}

static inline void iommu_op_unlock(struct iommu_op_batch *b)
{
    b->locked = false;

    if ( likely(b->pv->direct) )
        percpu_read_unlock(iommu_op_rwlock, &b->pv->lock);
    else
        percpu_write_unlock(iommu_op_rwlock, &b->pv->lock);
}

/* Note [first, first + nr) for the flush. */
static inline void iommu_op_run_add(struct iommu_op_runs *runs,
                                    uint64_t first, unsigned int nr)
{
    if ( !runs->nr )
    {
        runs->run[0].first = first;
        runs->run[0].last = first + nr - 1;
        runs->nr = 1;
    }
    else if ( first == runs->run[runs->nr - 1].last + 1 )
        runs->run[runs->nr - 1].last += nr;
    else
        iommu_op_run_add_slow(runs, first, nr);
}

/* Write changed entries back from the CPU's cache, if the IOMMU needs that. */
static inline void iommu_op_write_back(struct iommu_op_batch *b)
{
    struct iommu_op_cached *t = &b->cached;

    if ( t->first != t->end )
        iommu_sync_cache(t->first, (void *)t->end - (void *)t->first);

    t->first = t->end;
}

/* Write back the cached table, and update its count. The table stays cached. */
static inline void iommu_op_tidy(struct iommu_op_batch *b)
{
    struct iommu_op_cached *t = &b->cached;

    iommu_op_write_back(b);
    if ( t->used )
    {
        atomic_add(t->used, &t->leaf->used);
        write_atomic(&b->mapped, b->mapped + t->used);
    }

    t->used = 0;
}

/*
 * End the batch's work so far: flush, then settle, then let other batches in.
 * No entry has our pending bits afterwards.
 */
static always_inline void iommu_op_settle(struct iommu_op_batch *b)
{
    if ( unlikely(!b->locked) )
        return;

    /* Mere maps, as a rule, need no flush. */
    if ( b->nr_unsettled || unlikely(b->flush_flags) ||
         unlikely(b->added.nr) )
        iommu_op_flush_and_free(b);

    iommu_op_tidy(b);
    iommu_op_unlock(b);
}

/* The entry of @bfn. NULL: no claim covers @bfn, or there is no leaf table. */
static inline uint64_t *iommu_op_entry(struct iommu_op_batch *b, uint64_t bfn)
{
    uint64_t index = bfn - b->cached.bfn;

    if ( unlikely(index >= b->cached.nr) )
        return iommu_op_find_entry(b, bfn);

    return &b->cached.entry[index % LEAF_FRAMES];
}

/* Entries of the cached table were changed. */
static inline void iommu_op_changed(struct iommu_op_batch *b,
                                    uint64_t *entry, unsigned int nr)
{
    if ( entry != b->cached.end )
    {
        iommu_op_write_back(b);
        b->cached.first = entry;
    }

    b->cached.end = entry + nr;
}

/* The entries of one leaf table that a range of BFNs covers. */
struct iommu_op_span {
    uint64_t *entry;            /* NULL: no leaf table, so all are free */
    unsigned int nr;
};

/*
 * The span from @bfn, which @c covers, cut at @nr BFNs or the end of the leaf
 * table. A span is good until the next iommu_op_span().
 */
static inline struct iommu_op_span iommu_op_span(struct iommu_op_batch *b,
                                                 struct iommu_op_claim *c,
                                                 uint64_t bfn,
                                                 unsigned int nr)
{
    unsigned int offset = (bfn - c->bfn) % LEAF_FRAMES;

    return (struct iommu_op_span){
        .entry = iommu_op_entry(b, bfn),
        .nr = min(nr, LEAF_FRAMES - offset),
    };
}

#endif /* __X86_PV_IOMMU_OP_BATCH_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
