/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_map.c: map, unmap and flush of BFNs, entry by entry. The fast path
 * of one frame is in iommu_op_single.h.
 *
 * All run with the domain's lock held for reading, so claims stay as they are.
 * Entries change by compare and exchange. Two vCPUs that work on the same BFNs
 * at the same time hurt nobody but each other.
 */
#include <xen/lib.h>

#include "iommu_op_single.h"

/* Frames by name, or neighbours. */
struct frames {
    const uint64_t *list;       /* the MFN of each; or NULL, */
    uint64_t first;             /* with this MFN as the first */
};

static inline uint64_t mfn_of(struct frames f, unsigned int i)
{
    return f.list ? f.list[i] : f.first + i;
}

/* The work of a map op, once its claim is found. */
struct mapping {
    struct iommu_op_claim *claim;
    const struct domain *owner;
    uint64_t bfn;
    unsigned int nr;
    struct frames frames;
    unsigned int access, kind;
    uint64_t entry;             /* of both, without an address */
};

static void set_kind(const struct iommu_op_domain *pv, struct mapping *m,
                     unsigned int kind)
{
    m->kind = kind;
    m->entry = pv->access[m->access] | kind_bits(kind, pv->kind_shift);
}

/* Drop the references on the frames [from, to). */
static void put_frames(const struct iommu_op_batch *b, const struct mapping *m,
                       unsigned int from, unsigned int to)
{
    while ( to-- > from )
        iommu_op_put_entry(b->pv,
                           iommu_op_with_mfn(m->entry, mfn_of(m->frames, to)),
                           NULL, 0);
}

/* In place of a missing leaf table: all entries are free. */
static const uint64_t no_entries[LEAF_FRAMES];

/*
 * First pass of map: every entry is free, every frame is held, and then every
 * entry has its table. On failure nothing is held. Tables remain only when
 * there was no memory for all of them.
 */
static int map_prepare(struct iommu_op_batch *b, const struct mapping *m)
{
    /* Locals: the compiler need not read them again for each frame. */
    const struct domain *owner = m->owner;
    const struct frames frames = m->frames;
    const unsigned int kind = m->kind, access = m->access;
    unsigned int done = 0;
    bool lacks = false;
    int rc = 0;

    while ( !rc && done < m->nr )
    {
        struct iommu_op_span s = iommu_op_span(b, m->claim, m->bfn + done,
                                               m->nr - done);
        const uint64_t *p = s.entry ?: no_entries;
        unsigned int end = done + s.nr;

        lacks |= !s.entry;
        for ( ; done < end; p++, done++ )
        {
            rc = iommu_op_is_taken(read_atomic(p)) ?:
                 iommu_op_get_frame(b->d, owner, mfn_of(frames, done), kind,
                                    access);
            if ( unlikely(rc) )
                break;
        }
    }

    if ( lacks && !rc )
        rc = iommu_op_leaves_get(b->d, b->pv, m->claim, m->bfn, m->nr);

    if ( rc )
        put_frames(b, m, 0, done);

    return rc;
}

/* Carry a change of shadow entries over to the driver's table. */
static int shadow_map(struct iommu_op_batch *b, const struct mapping *m,
                      unsigned int first, unsigned int nr)
{
    unsigned int flags =
        (m->access & XEN_IOMMUOP_MAP_read ? IOMMUF_readable : 0) |
        (m->access & XEN_IOMMUOP_MAP_write ? IOMMUF_writable : 0);
    unsigned int step = m->frames.list ? 1 : nr, i;
    int rc = 0;

    for ( i = first; !rc && i < first + nr; i += step )
        rc = iommu_map_any(b->d, _dfn(m->bfn + i), _mfn(mfn_of(m->frames, i)),
                       step, flags, &b->flush_flags);

    return rc;
}

/*
 * Write the entries of a span, for the frames from @first. Return: the number
 * of written entries. On failure, in @rc, the caller unmaps them again: a
 * device may have used them already.
 */
static unsigned int map_span(struct iommu_op_batch *b, const struct mapping *m,
                             const struct iommu_op_span *s, unsigned int first,
                             int *rc)
{
    const struct frames frames = m->frames;
    const uint64_t entry = m->entry;
    unsigned int i;

    *rc = 0;

    for ( i = 0; !*rc && i < s->nr; i += !*rc )
        if ( cmpxchg(&s->entry[i], 0,
                     iommu_op_with_mfn(entry, mfn_of(frames, first + i))) )
            *rc = -EEXIST; /* another vCPU was faster */

    if ( b->pv->direct )
        iommu_op_changed(b, s->entry, i);
    else if ( i && shadow_map(b, m, first, i) )
        *rc = -ENOMEM;

    b->cached.used += i;

    return i;
}

static void unmap_entries(struct iommu_op_batch *b, struct iommu_op_claim *c,
                          uint64_t bfn, unsigned int nr);

/* Second pass of map: write the entries, which take over the references. */
static int map_commit(struct iommu_op_batch *b, const struct mapping *m)
{
    unsigned int done = 0;
    int rc;

    do {
        struct iommu_op_span s = iommu_op_span(b, m->claim, m->bfn + done,
                                               m->nr - done);

        done += map_span(b, m, &s, done, &rc);
        if ( rc )
        {
            put_frames(b, m, done, m->nr);
            if ( done )
                unmap_entries(b, m->claim, m->bfn, done);
            return rc;
        }
    } while ( done < m->nr );

    if ( b->pv->flush_added )
        iommu_op_note_added(b, m->bfn, m->nr);

    return 0;
}

/*
 * Make the missing tables of a map that yields. All checks of the map come
 * first: a map that fails leaves no new tables.
 */
static int yield_prepare(struct iommu_op_batch *b, const struct mapping *m)
{
    struct mapping held = *m;
    unsigned int done;
    int rc;

    for ( done = 0; done < m->nr; )
    {
        struct iommu_op_span s = iommu_op_span(b, m->claim, m->bfn + done,
                                               m->nr - done);

        if ( !s.entry )
            break;
        done += s.nr;
    }

    if ( done == m->nr )
        return 0;

    set_kind(b->pv, &held, iommu_op_held_kind(held.access));
    rc = map_prepare(b, &held);
    if ( !rc )
        put_frames(b, &held, 0, m->nr);

    return rc;
}

/* Undo the map of @done frames by an op that fails. Return: @rc, or -EIO. */
static noinline int yield_undo(struct iommu_op_batch *b,
                               const struct mapping *m, unsigned int done,
                               int rc)
{
    b->op->status = 0;
    unmap_entries(b, m->claim, m->bfn, done);
    iommu_op_flush_and_free(b);

    return b->op->status ?: rc;
}

/* Are there watch pages for all BFNs of the map? */
static bool is_watched(const struct mapping *m)
{
    const struct iommu_op_claim *c = m->claim;
    unsigned int i = iommu_op_watch_index(c, m->bfn);

    for ( ; c->watch && i <= iommu_op_watch_index(c, m->bfn + m->nr - 1); i++ )
        if ( !c->watch[i] )
            return false;

    return c->watch;
}

/*
 * Map @nr frames from @mfn at @p of the cached table, up to a frame for the
 * slow path or the end of a piece of slots. Return: how many were mapped.
 */
static noinline unsigned int map_run(const struct iommu_op_batch *b,
                                     uint64_t *p, unsigned long mfn,
                                     uint64_t entry, unsigned int nr)
{
    struct iommu_op_frame f = iommu_op_frame(b->pv, mfn);
    uint64_t one = iommu_op_one(b, p);
    iommu_op_owner_t owner = b->owner;
    unsigned int i;

    if ( unlikely(!f.slot) )
        return 0;

    nr = min(nr, (unsigned int)(SLOTS_PER_PIECE - mfn % SLOTS_PER_PIECE));
    entry = iommu_op_with_mfn(entry, mfn);

    for ( i = 0; i < nr; i++, one += SLOT_NEXT, entry += PAGE_SIZE )
        if ( unlikely(!slot_map(f.slot + i, one, f.page + i, owner, p + i,
                                entry)) )
            break;

    return i;
}

/* The same for a list of frames, up to a frame for the slow path. */
static noinline unsigned int map_named(const struct iommu_op_batch *b,
                                       uint64_t *p, const uint64_t *list,
                                       uint64_t entry, unsigned int nr)
{
    const struct iommu_op_rmap *rmap = b->pv->rmap;
    uint64_t one = iommu_op_one(b, p);
    iommu_op_owner_t owner = b->owner;
    unsigned int i;

    for ( i = 0; i < nr; i++, one += SLOT_NEXT )
    {
        unsigned long mfn = list[i];
        struct iommu_op_frame f = frame_in(rmap, mfn);

        if ( unlikely(!f.slot) ||
             unlikely(!slot_map(f.slot, one, f.page, owner, p + i,
                                iommu_op_with_mfn(entry, mfn))) )
            break;
    }

    return i;
}

/*
 * Map the frames [*done, end), at @p of the cached table. *done is set to the
 * end of the mapped frames. Return: 0, STATUS_held or a negative errno.
 */
static int map_yielding_span(struct iommu_op_batch *b, const struct mapping *m,
                             uint64_t *p, unsigned int *done, unsigned int end)
{
    const struct frames f = m->frames;
    unsigned int i = *done, nr;
    int rc = 0, held = 0;

    for ( p -= i; i < end; i += nr )
    {
        nr = f.list
             ? map_named(b, p + i, f.list + i, m->entry, end - i)
             : map_run(b, p + i, f.first + i, m->entry, end - i);
        if ( likely(nr) )
            continue;

        rc = iommu_op_map_frame_slow(b, p + i, mfn_of(f, i),
                                     iommu_op_with_mfn(m->entry,
                                                       mfn_of(f, i)));
        if ( rc < 0 )
            break;
        held |= rc;
        nr = 1;
    }

    iommu_op_changed(b, p + *done, i - *done);
    b->cached.used += i - *done;
    *done = i;

    return rc < 0 ? rc : held;
}

/* Map frames, yielding. Return: 0, STATUS_held or a negative errno. */
static int map_yielding(struct iommu_op_batch *b, const struct mapping *m)
{
    unsigned int done = 0;
    int rc, held = 0;

    if ( !b->pv->direct )
        return -EOPNOTSUPP;

    rc = is_watched(m) ? yield_prepare(b, m) : -ENOBUFS;

    while ( rc >= 0 && done < m->nr )
    {
        struct iommu_op_span s = iommu_op_span(b, m->claim, m->bfn + done,
                                               m->nr - done);

        rc = map_yielding_span(b, m, s.entry, &done, done + s.nr);
        held |= rc;
    }

    if ( rc < 0 )
        return done ? yield_undo(b, m, done, rc) : rc;

    if ( b->pv->flush_added )
        iommu_op_note_added(b, m->bfn, m->nr);

    return held;
}

/* Carry out a map. The entries take over the references. */
static int map_frames(struct iommu_op_batch *b, const struct mapping *m)
{
    if ( m->kind == KIND_YIELD )
        return map_yielding(b, m);

    return map_prepare(b, m) ?: map_commit(b, m);
}

#define LIST_FLAGS (XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write | \
                    XEN_IOMMUOP_MAP_yield)
#define MAP_FLAGS  (LIST_FLAGS | XEN_IOMMUOP_MAP_mmio)
#define MAP_SELF   (XEN_IOMMUOP_MAP_mmio | XEN_IOMMUOP_MAP_yield)

/* The kind of a map of the caller's own frames, or of device memory. */
static unsigned int own_kind(unsigned int flags)
{
    if ( flags & XEN_IOMMUOP_MAP_yield )
        return KIND_YIELD;

    return flags & XEN_IOMMUOP_MAP_mmio ? 0 : iommu_op_held_kind(flags);
}

static bool map_is_valid(const struct xen_iommu_op_map *m, unsigned int flags)
{
    return !m->ctx && m->nr && m->nr <= XEN_IOMMUOP_MAX_FRAMES &&
           !(flags & ~MAP_FLAGS) && (flags & ACCESS_MASK) &&
           (flags & MAP_SELF) != MAP_SELF &&
           (!(flags & MAP_SELF) || m->domid == DOMID_SELF);
}

int iommu_op_map_slow(struct iommu_op_batch *b,
                      const struct xen_iommu_op_map *m, unsigned int flags)
{
    unsigned int kind = own_kind(flags);
    struct domain *owner = b->d;
    struct mapping mapping;
    int rc;

    if ( !map_is_valid(m, flags) )
        return -EINVAL;

    mapping = (struct mapping){
        .claim = iommu_op_find_claim(b->pv, m->bfn, m->nr),
        .bfn = m->bfn,
        .nr = m->nr,
        .frames.first = m->mfn,
        .access = flags & ACCESS_MASK,
    };
    if ( !mapping.claim )
        return -ENOENT;

    if ( m->domid != DOMID_SELF )
    {
        rc = iommu_op_lock_owner(b->d, m->domid, &owner);
        if ( rc )
            return rc;
    }

    if ( owner != b->d )
        kind = iommu_op_foreign_kind(kind, mapping.access, owner);
    set_kind(b->pv, &mapping, kind);
    mapping.owner = owner;
    rc = map_frames(b, &mapping);

    if ( m->domid != DOMID_SELF )
        rcu_unlock_domain(owner);

    return rc;
}

int iommu_op_map_list(struct iommu_op_batch *b,
                      const struct xen_iommu_op_list *l, unsigned int flags,
                      const uint64_t *list)
{
    struct mapping mapping = {
        .owner = b->d,
        .bfn = l->bfn,
        .nr = l->nr,
        .frames.list = list,
        .access = flags & ACCESS_MASK,
    };

    if ( l->ctx || l->pad0 || l->pad1 || !l->nr || !mapping.access ||
         (flags & ~LIST_FLAGS) )
        return -EINVAL;

    set_kind(b->pv, &mapping, own_kind(flags));

    mapping.claim = iommu_op_find_claim(b->pv, l->bfn, l->nr);
    if ( !mapping.claim )
        return -ENOENT;

    return map_frames(b, &mapping);
}

/* Make the entries of a span pending. Return: how many were not mapped. */
static unsigned int unmap_span(struct iommu_op_batch *b,
                               const struct iommu_op_span *s, uint64_t bfn,
                               uint64_t pending)
{
    /* A local: the compiler need not read it again for each frame. */
    const struct iommu_op_domain *pv = b->pv;
    unsigned int i, missed = 0;

    if ( !s->entry )
        return s->nr;

    for ( i = 0; i < s->nr; i++ )
        missed += !iommu_op_make_pending(pv, &s->entry[i], pending);

    if ( b->pv->direct )
        iommu_op_changed(b, s->entry, s->nr);
    /* The generic path can lack the memory to split its own superpage. */
    else if ( iommu_unmap_any(b->d, _dfn(bfn), s->nr, 0, &b->flush_flags) &&
              pending != PENDING_DEFERRED )
        b->unmap_failed = true;

    return missed;
}

static unsigned int unmap_spans(struct iommu_op_batch *b,
                                struct iommu_op_claim *c, uint64_t bfn,
                                unsigned int nr, uint64_t pending)
{
    unsigned int missed = 0;

    while ( nr )
    {
        struct iommu_op_span s = iommu_op_span(b, c, bfn, nr);

        missed += unmap_span(b, &s, bfn, pending);
        bfn += s.nr;
        nr -= s.nr;
    }

    return missed;
}

static void unmap_entries(struct iommu_op_batch *b, struct iommu_op_claim *c,
                          uint64_t bfn, unsigned int nr)
{
    unmap_spans(b, c, bfn, nr, b->pending);
    iommu_op_unsettled_add(b, bfn, nr);
}

static bool span_is_mapped(const struct iommu_op_domain *pv,
                           const struct iommu_op_span *s)
{
    uint64_t all = 1;
    unsigned int i;

    if ( !s->entry )
        return false;

    /*
     * Devices may read from nearly every mapped page. Such an entry has bit 0
     * in both formats.
     */
    for ( i = 0; i < s->nr; i++ )
        all &= read_atomic(&s->entry[i]);

    for ( i = 0; !all && i < s->nr; i++ )
        if ( !entry_is_mapped(pv, read_atomic(&s->entry[i])) )
            return false;

    return true;
}

static bool all_mapped(struct iommu_op_batch *b, struct iommu_op_claim *c,
                        uint64_t bfn, unsigned int nr)
{
    bool mapped = true;

    while ( mapped && nr )
    {
        struct iommu_op_span s = iommu_op_span(b, c, bfn, nr);

        mapped = span_is_mapped(b->pv, &s);

        bfn += s.nr;
        nr -= s.nr;
    }

    return mapped;
}

int iommu_op_unmap_slow(struct iommu_op_batch *b,
                        const struct xen_iommu_op_range *r, bool defer)
{
    struct iommu_op_claim *c = iommu_op_find_claim(b->pv, r->bfn, r->nr);
    unsigned int missed;

    if ( !c || !all_mapped(b, c, r->bfn, r->nr) )
        return -ENOENT;

    missed = unmap_spans(b, c, r->bfn, r->nr,
                         defer ? PENDING_DEFERRED : b->pending);
    if ( !defer )
        iommu_op_unsettled_add(b, r->bfn, r->nr);

    /*
     * Another vCPU unmapped some BFNs since the check, and settles them. The
     * rest stays unmapped: devices may have missed it already.
     */
    return missed ? -ENOENT : 0;
}

/* Make the deferred entries of a span wait for the flush of this batch. */
static void adopt_span(struct iommu_op_batch *b,
                       const struct iommu_op_span *s, uint64_t bfn)
{
    const struct iommu_op_domain *pv = b->pv;
    unsigned int i;

    if ( !s->entry )
        return;

    for ( i = 0; i < s->nr; i++ )
    {
        uint64_t old = read_atomic(&s->entry[i]);

        if ( !entry_is_pending(old, PENDING_DEFERRED) ||
             cmpxchg(&s->entry[i], old,
                     entry_pending(pv, old, b->pending)) != old ||
             pv->direct )
            continue;

        /* Maybe the generic path could not unmap the BFN before. */
        if ( iommu_unmap_any(b->d, _dfn(bfn + i), 1, 0, &b->flush_flags) )
            b->unmap_failed = true;
    }

    /* A vCPU that cleared some just now may not have come to this yet. */
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

    /* Only entries with our pending bits are settled, after the flush. */
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
