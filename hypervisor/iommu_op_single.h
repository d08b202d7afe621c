/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_single.h: maps and unmaps of a single frame of the caller's own RAM,
 * the usual case, in one pass. They are inline in the loop over a batch's ops:
 * calls would be a tenth of their instructions.
 */
#ifndef __X86_PV_IOMMU_OP_SINGLE_H__
#define __X86_PV_IOMMU_OP_SINGLE_H__

#include "iommu_op_batch.h"
#include "iommu_op_yield.h"

static inline uint64_t iommu_op_with_mfn(uint64_t entry, unsigned long mfn)
{
    return entry | pfn_to_paddr(mfn);
}

static inline int iommu_op_is_taken(uint64_t entry)
{
    if ( likely(!entry) )
        return 0;

    return entry & ENTRY_PENDING ? -EBUSY : -EEXIST;
}

/* A page of the caller's own RAM, with the references of its map. */
static inline unsigned int iommu_op_held_kind(unsigned int access)
{
    return KIND_REF | (access & XEN_IOMMUOP_MAP_write ? KIND_TYPED : 0);
}

/* In place of a map that yields. */
static inline uint64_t iommu_op_held_entry(const struct iommu_op_domain *pv,
                                           uint64_t entry)
{
    return entry_with_kind(pv, entry,
                           iommu_op_held_kind(entry_access(pv, entry)));
}

/* The slot's name for a lone entry of the cached table. */
static inline uint64_t iommu_op_one(const struct iommu_op_batch *b,
                                    const uint64_t *p)
{
    return b->cached.one + (p - b->cached.entry) * SLOT_NEXT;
}

/* A map of one frame needs one pass. */
static inline int map_single(struct iommu_op_batch *b, uint64_t *p,
                             const struct xen_iommu_op_map *m,
                             unsigned int flags)
{
    uint64_t entry = iommu_op_with_mfn(b->pv->yielding[flags & ACCESS_MASK],
                                       m->mfn);
    struct iommu_op_frame f = iommu_op_frame(b->pv, m->mfn);
    int rc = 0;

    if ( unlikely(!f.slot) ||
         unlikely(!slot_map(f.slot, iommu_op_one(b, p), f.page, b->owner, p,
                            entry)) )
        rc = iommu_op_map_frame_slow(b, p, m->mfn, entry);

    if ( unlikely(rc < 0) )
        return rc;

    b->cached.used++;
    iommu_op_changed(b, p, 1);

    if ( unlikely(b->pv->flush_added) )
        iommu_op_note_added(b, m->bfn, 1);

    return rc;
}

/* One frame of the caller's own RAM, the usual map, and without a fault? */
static inline bool map_is_single(const struct iommu_op_batch *b,
                                 const struct xen_iommu_op_map *m,
                                 unsigned int flags)
{
    return likely(m->nr == 1) && likely(!m->ctx) &&
           likely(m->domid == DOMID_SELF) &&
           likely((flags & ~ACCESS_MASK) == XEN_IOMMUOP_MAP_yield) &&
           likely(flags & ACCESS_MASK);
}

static inline int iommu_op_map(struct iommu_op_batch *b,
                               const struct xen_iommu_op_map *m,
                               unsigned int flags)
{
    uint64_t *p = map_is_single(b, m, flags) ? iommu_op_entry(b, m->bfn) : NULL;

    /* iommu_op_map_slow() handles every other case, errors included. */
    return likely(p) && likely(b->cached.watched)
           ? map_single(b, p, m, flags) : iommu_op_map_slow(b, m, flags);
}

/* Make a mapped entry pending. Its reference stays held. */
static inline bool iommu_op_make_pending(const struct iommu_op_domain *pv,
                                         uint64_t *p, uint64_t pending)
{
    uint64_t old = read_atomic(p), seen;

    for ( ; likely(old & ENTRY_PRESENT); old = seen )
    {
        seen = cmpxchg(p, old, entry_pending(pv, old, pending));
        if ( likely(seen == old) )
            return true;
    }

    return old && iommu_op_make_pending_slow(pv, p, pending);
}

/*
 * After the batch's flush, free the entries in the range with the batch's
 * pending bits: as part of the previous op's range, for a neighbour.
 */
static inline void iommu_op_unsettled_add(struct iommu_op_batch *b,
                                          uint64_t bfn, unsigned int nr)
{
    struct iommu_op_unsettled *u = &b->unsettled[b->nr_unsettled];

    b->owed += nr;
    if ( b->nr_unsettled && u[-1].end == b->op && u[-1].bfn + u[-1].nr == bfn )
    {
        u[-1].nr += nr;
        u[-1].end++;
        return;
    }

    ASSERT(b->nr_unsettled < ARRAY_SIZE(b->unsettled));

    b->nr_unsettled++;
    *u = (struct iommu_op_unsettled){
        .bfn = bfn,
        .nr = nr,
        .op = b->op,
        .end = b->op + 1,
    };
}

/* An unmap of one frame needs one pass. */
static inline int unmap_single(struct iommu_op_batch *b, uint64_t *p,
                               uint64_t bfn, bool defer)
{
    if ( !iommu_op_make_pending(b->pv, p,
                                defer ? PENDING_DEFERRED : b->pending) )
        return -ENOENT;

    iommu_op_changed(b, p, 1);
    if ( !defer )
        iommu_op_unsettled_add(b, bfn, 1);

    return 0;
}

static inline int iommu_op_unmap(struct iommu_op_batch *b,
                                 const struct xen_iommu_op_range *r, bool defer)
{
    uint64_t *p = likely(r->nr == 1) && likely(b->pv->direct)
                  ? iommu_op_entry(b, r->bfn) : NULL;

    return likely(p) ? unmap_single(b, p, r->bfn, defer)
                     : iommu_op_unmap_slow(b, r, defer);
}

#endif /* __X86_PV_IOMMU_OP_SINGLE_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
