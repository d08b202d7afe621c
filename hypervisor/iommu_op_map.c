/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_map.c: map, unmap and flush of BFNs, entry by entry. What is simple
 * about most maps and unmaps is in iommu_op_plain.h.
 *
 * All run with the domain's lock held for reading, so claims stay as they are.
 * Entries change by compare and exchange; two vCPUs that work on the same BFNs
 * at the same time hurt nobody but each other.
 */
#include <xen/iocap.h>
#include <xen/lib.h>
#include <xen/rangeset.h>
#include <xsm/xsm.h>

#include "iommu_op_plain.h"

/* Device memory: no reference, so it must never be RAM. */
static int check_mmio(const struct domain *d, unsigned long mfn, bool write)
{
    if ( mfn_valid(_mfn(mfn)) &&
         page_get_owner(mfn_to_page(_mfn(mfn))) != dom_io )
        return -ENXIO;

    if ( !iomem_access_permitted(d, mfn, mfn) ||
         (write && rangeset_contains_singleton(mmio_ro_ranges, mfn)) )
        return -EPERM;

    return 0;
}

/* What is not held by a reference. */
static noinline int get_unheld(const struct iommu_op_batch *b, uint64_t entry)
{
    int rc;

    if ( !(entry & ENTRY_NOREF) )
        return check_mmio(b->d, mfn_x(entry_mfn(entry)), entry & ENTRY_WRITE);

    rc = iommu_op_get_ram(b->d, entry);
    if ( !rc )
    {
        put_page(mfn_to_page(entry_mfn(entry)));
        atomic_inc(&b->pv->noref);
    }

    return rc;
}

/*
 * Take for one frame what its entry is to hold. @entry, with its address, is
 * what iommu_op_put_entry() will be given.
 */
static inline int get_frame(const struct iommu_op_batch *b,
                            const struct domain *owner, uint64_t entry)
{
    return likely(entry & ENTRY_REF) ? iommu_op_get_ram(owner, entry)
                                     : get_unheld(b, entry);
}

static void put_frames(const struct iommu_op_batch *b, uint64_t entry,
                       unsigned long mfn, unsigned int nr)
{
    while ( nr-- )
        iommu_op_put_entry(b->pv, iommu_op_with_mfn(entry, mfn + nr));
}

/*
 * First pass of map: every entry is free and has its table, every frame is
 * held. On failure nothing is held.
 */
static int map_prepare(struct iommu_op_batch *b,
                       struct iommu_op_claim *c,
                       const struct xen_iommu_op_map *m,
                       const struct domain *owner, uint64_t entry)
{
    unsigned int done, i;
    int rc = 0;

    for ( done = 0; !rc && done < m->nr; done += i )
    {
        struct iommu_op_span s = iommu_op_span(b, c, m->bfn + done,
                                               m->nr - done);

        i = 0;
        if ( !s.entry )
        {
            rc = iommu_op_leaf_get(b->d, b->pv, c, m->bfn + done);
            continue;
        }

        for ( ; !rc && i < s.nr; i += !rc )
            rc = iommu_op_is_taken(read_atomic(&s.entry[i])) ?:
                 get_frame(b, owner,
                           iommu_op_with_mfn(entry, m->mfn + done + i));
    }

    if ( rc )
        put_frames(b, entry, m->mfn, done);

    return rc;
}

/* Carry a change of shadow entries over to the driver's table. */
static int shadow_map(struct iommu_op_batch *b, uint64_t bfn, uint64_t mfn,
                      unsigned int nr, uint64_t entry)
{
    unsigned int flags = (entry & ENTRY_READ ? IOMMUF_readable : 0) |
                         (entry & ENTRY_WRITE ? IOMMUF_writable : 0);

    return iommu_map(b->d, _dfn(bfn), _mfn(mfn), nr, flags, &b->flush_flags);
}

/*
 * Write the entries of one span: how many were. On failure, in @rc, the caller
 * unmaps those again: a device may have used them already.
 */
static unsigned int map_span(struct iommu_op_batch *b,
                             const struct iommu_op_span *s, uint64_t bfn,
                             uint64_t mfn, uint64_t entry, int *rc)
{
    unsigned int i;

    *rc = 0;

    for ( i = 0; !*rc && i < s->nr; i += !*rc )
        if ( cmpxchg(&s->entry[i], 0, iommu_op_with_mfn(entry, mfn + i)) )
            *rc = -EEXIST; /* another vCPU was faster */

    if ( b->pv->direct )
        iommu_op_changed(b, s->entry, i);
    else if ( i && shadow_map(b, bfn, mfn, i, entry) )
        *rc = -ENOMEM;

    b->hand.used += i;

    return i;
}

static void unmap_entries(struct iommu_op_batch *b, struct iommu_op_claim *c,
                          uint64_t bfn, unsigned int nr);

/* Second pass of map: write the entries. The references become theirs. */
static int map_commit(struct iommu_op_batch *b, struct iommu_op_claim *c,
                      const struct xen_iommu_op_map *m, uint64_t entry)
{
    unsigned int done = 0;
    int rc;

    do {
        struct iommu_op_span s = iommu_op_span(b, c, m->bfn + done,
                                               m->nr - done);

        done += map_span(b, &s, m->bfn + done, m->mfn + done, entry, &rc);
        if ( rc )
        {
            put_frames(b, entry, m->mfn + done, m->nr - done);
            if ( done )
                unmap_entries(b, c, m->bfn, done);
            return rc;
        }
    } while ( done < m->nr );

    if ( b->pv->flush_added )
        iommu_op_runs_add(&b->added, m->bfn, m->nr);

    return 0;
}

/* Lock another domain whose frames are to be mapped, or say why not. */
static int lock_owner(const struct iommu_op_batch *b, domid_t domid,
                      struct domain **owner)
{
    int rc;

    *owner = rcu_lock_domain_by_id(domid);
    if ( !*owner )
        return -ESRCH;

    rc = *owner == b->d ? 0 : xsm_map_gmfn_foreign(XSM_TARGET, b->d, *owner);
    if ( rc )
        rcu_unlock_domain(*owner);

    return rc ? -EPERM : 0;
}

#define MAP_FLAGS (XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write | \
                   XEN_IOMMUOP_MAP_mmio | XEN_IOMMUOP_MAP_noref)

static bool map_is_valid(const struct xen_iommu_op_map *m, unsigned int flags)
{
    return !m->ctx && m->nr && m->nr <= XEN_IOMMUOP_MAX_FRAMES &&
           !(flags & ~MAP_FLAGS) &&
           (flags & (XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write)) &&
           (flags & MAP_SELF) != MAP_SELF &&
           (!(flags & MAP_SELF) || m->domid == DOMID_SELF);
}

int iommu_op_map_any(struct iommu_op_batch *b,
                     const struct xen_iommu_op_map *m, unsigned int flags)
{
    struct domain *owner = b->d;
    struct iommu_op_claim *c;
    uint64_t entry;
    int rc;

    if ( !map_is_valid(m, flags) )
        return -EINVAL;

    c = iommu_op_find_claim(b->pv, m->bfn, m->nr);
    if ( !c )
        return -ENOENT;

    if ( m->mfn > MAX_MFN - m->nr )
        return -ENXIO;

    /* A noref map may reach no more than the host map does. */
    if ( (flags & XEN_IOMMUOP_MAP_noref) && b->pv->host != HOST_present )
        return -EBUSY;

    if ( m->domid != DOMID_SELF )
    {
        rc = lock_owner(b, m->domid, &owner);
        if ( rc )
            return rc;
    }

    entry = iommu_op_entry_of(b->pv, flags);
    rc = map_prepare(b, c, m, owner, entry) ?: map_commit(b, c, m, entry);

    if ( m->domid != DOMID_SELF )
        rcu_unlock_domain(owner);

    return rc;
}

/* Make the entries of one span pending: how many were not present. */
static unsigned int unmap_span(struct iommu_op_batch *b,
                               const struct iommu_op_span *s, uint64_t bfn,
                               uint64_t mark)
{
    unsigned int i, missed = 0;

    if ( !s->entry )
        return s->nr;

    for ( i = 0; i < s->nr; i++ )
        missed += !iommu_op_make_pending(&s->entry[i], mark);

    if ( b->pv->direct )
        iommu_op_changed(b, s->entry, s->nr);
    /* It can lack the memory to split a superpage that it made before. */
    else if ( iommu_unmap(b->d, _dfn(bfn), s->nr, 0, &b->flush_flags) &&
              mark != MARK_DEFERRED )
        b->unmap_failed = true;

    return missed;
}

static unsigned int unmap_spans(struct iommu_op_batch *b,
                                struct iommu_op_claim *c, uint64_t bfn,
                                unsigned int nr, uint64_t mark)
{
    unsigned int missed = 0;

    while ( nr )
    {
        struct iommu_op_span s = iommu_op_span(b, c, bfn, nr);

        missed += unmap_span(b, &s, bfn, mark);
        bfn += s.nr;
        nr -= s.nr;
    }

    return missed;
}

static void unmap_entries(struct iommu_op_batch *b, struct iommu_op_claim *c,
                          uint64_t bfn, unsigned int nr)
{
    unmap_spans(b, c, bfn, nr, b->mark);
    iommu_op_unsettled_add(b, bfn, nr);
}

static bool all_present(struct iommu_op_batch *b, struct iommu_op_claim *c,
                        uint64_t bfn, unsigned int nr)
{
    bool present = true;

    while ( present && nr )
    {
        struct iommu_op_span s = iommu_op_span(b, c, bfn, nr);
        unsigned int i;

        present = s.entry;
        for ( i = 0; present && i < s.nr; i++ )
            present = read_atomic(&s.entry[i]) & ENTRY_PRESENT;

        bfn += s.nr;
        nr -= s.nr;
    }

    return present;
}

int iommu_op_unmap_any(struct iommu_op_batch *b,
                       const struct xen_iommu_op_range *r, bool defer)
{
    struct iommu_op_claim *c = iommu_op_find_claim(b->pv, r->bfn, r->nr);
    unsigned int missed;

    if ( !c || !all_present(b, c, r->bfn, r->nr) )
        return -ENOENT;

    missed = unmap_spans(b, c, r->bfn, r->nr, defer ? MARK_DEFERRED : b->mark);
    if ( !defer )
        iommu_op_unsettled_add(b, r->bfn, r->nr);

    /* Another vCPU unmapped some of them since the check, and settles those. */
    return missed ? -ENOENT : 0;
}

/* Make the deferred entries of one span wait for the flush of this batch. */
static void adopt_span(struct iommu_op_batch *b,
                       const struct iommu_op_span *s, uint64_t bfn)
{
    unsigned int i;

    if ( !s->entry )
        return;

    for ( i = 0; i < s->nr; i++ )
    {
        uint64_t old = read_atomic(&s->entry[i]);

        if ( !entry_is_pending(old, MARK_DEFERRED) ||
             cmpxchg(&s->entry[i], old, entry_pending(old, b->mark)) != old ||
             b->pv->direct )
            continue;

        /* Maybe it waits because the generic path could not unmap it. */
        if ( iommu_unmap(b->d, _dfn(bfn + i), 1, 0, &b->flush_flags) )
            b->unmap_failed = true;
    }

    /* Whoever cleared them just now may not have come to this yet. */
    if ( b->pv->direct )
        iommu_op_changed(b, s->entry, s->nr);
}

int iommu_op_flush(struct iommu_op_batch *b,
                   const struct xen_iommu_op_range *r)
{
    struct iommu_op_claim *c = iommu_op_find_claim(b->pv, r->bfn, r->nr);
    uint64_t bfn = r->bfn;
    unsigned int nr = r->nr;

    if ( !c )
        return -ENOENT;

    /* Mark, flush with the batch, and settle then only what bears our mark. */
    while ( nr )
    {
        struct iommu_op_span s = iommu_op_span(b, c, bfn, nr);

        adopt_span(b, &s, bfn);
        bfn += s.nr;
        nr -= s.nr;
    }

    iommu_op_unsettled_add(b, r->bfn, r->nr);

    return 0;
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
