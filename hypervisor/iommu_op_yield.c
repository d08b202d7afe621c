/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_yield.c: the slow paths of maps that yield, and their revocation
 * before a frame becomes anything but an ordinary page.
 */
#include <xen/bitops.h>
#include <xen/lib.h>

#include "iommu_op_single.h"

static uint64_t *id_entry(uint64_t id)
{
    return &slot_leaf(id)->entry[slot_index(id)];
}

/* The link of an entry in the ring of a locked slot with several entries. */
static uint64_t *id_link(uint64_t id)
{
    return &slot_leaf(id)->link[slot_index(id)];
}

/* The oldest entry of a locked slot with the value @slot; 0: there is none. */
static uint64_t ring_first(uint64_t slot)
{
    return slot_nr(slot) > 1 ? *id_link(slot) : slot & SLOT_ID_MASK;
}

/* The entry behind @id, with @left entries from @id on; 0: @id is the last. */
static uint64_t ring_next(uint64_t id, unsigned int *left)
{
    return --*left ? *id_link(id) : 0;
}

static uint64_t id_bfn(uint64_t id)
{
    const struct iommu_op_leaf *leaf = slot_leaf(id);
    const struct iommu_op_claim *c = leaf->claim;

    return c->bfn + (leaf - c->leaf) * LEAF_FRAMES + slot_index(id);
}

/* Returns the slot's value. Full barrier: pairs with iommu_op_revoke(). */
static uint64_t slot_lock(uint64_t *slot)
{
    uint64_t id;

    for ( ; ; )
    {
        id = read_atomic(slot);
        if ( id & SLOT_LOCKED )
            cpu_relax();
        else if ( cmpxchg(slot, id, id | SLOT_LOCKED) == id )
            return id;
    }
}

/*
 * Can an entry of @leaf join a locked slot with the value @old? Several entries
 * need links.
 */
static bool has_room(uint64_t old, const struct iommu_op_leaf *leaf)
{
    return !old || (likely(slot_nr(old) < MAX_RING) &&
                    likely(ACCESS_ONCE(leaf->link)) &&
                    likely(ACCESS_ONCE(slot_leaf(old)->link)));
}

/* Add the entry @one to a locked slot. Return: the slot's new value. */
static uint64_t slot_add(uint64_t old, uint64_t one)
{
    uint64_t id = one & SLOT_ID_MASK, last = old & SLOT_ID_MASK;

    if ( !old )
        return one;

    *id_link(id) = slot_nr(old) == 1 ? last : *id_link(last);
    *id_link(last) = id;

    return (old - last + SLOT_ONE) | id;
}

/* slot_map() of a frame that another entry maps as well: a common case. */
bool iommu_op_slot_share(uint64_t *slot, uint64_t one,
                         const struct page_info *page, iommu_op_owner_t owner,
                         uint64_t *p, uint64_t entry)
{
    uint64_t old = slot_lock(slot);
    bool mapped = iommu_op_may_yield(page, owner) &&
                  has_room(old, slot_leaf(one)) && !cmpxchg(p, 0, entry);

    slot_unlock(slot, mapped ? slot_add(old, one) : old);

    return mapped;
}

/* The entry does not map its frame any more, and the IOTLB has forgotten it. */
void iommu_op_slot_remove(uint64_t *slot, uint64_t one)
{
    uint64_t me = one & SLOT_ID_MASK, old = slot_lock(slot);
    uint64_t last = old & SLOT_ID_MASK, before = last, id = last;
    unsigned int nr = slot_nr(old);

    if ( nr == 1 && id == me )
        old = 0;
    else if ( nr > 1 )
    {
        for ( id = *id_link(last); id != me && id != last; id = *id_link(id) )
            before = id;

        if ( id == me )
        {
            *id_link(before) = *id_link(id);
            if ( id == last )
                old += before - last;
            old -= SLOT_ONE;
        }
    }

    slot_unlock(slot, old);
}

/* Drop a map's references for @entry, in place or not, at @leaf[@index]. */
void iommu_op_put_entry(struct iommu_op_domain *pv, uint64_t entry,
                        struct iommu_op_leaf *leaf, unsigned int index)
{
    if ( entry_kind(pv, entry) == KIND_YIELD )
        iommu_op_slot_remove(slot_of(pv->rmap, entry),
                             slot_of_one(leaf, index));
    else
        iommu_op_put_held(pv, entry);
}

/* Make a piece of slots. Return: false when there is no memory. */
static bool make_piece(const struct iommu_op_batch *b, unsigned long index)
{
    struct iommu_op_rmap *rmap = b->pv->rmap;
    uint64_t *slots = NULL;

    /* All frames of a piece are valid if one is. */
    BUILD_BUG_ON(PDX_GROUP_COUNT % SLOTS_PER_PIECE);

    /* 8 bytes for each frame of the domain, 16 bytes if scattered. */
    if ( atomic_add_return(1, &rmap->pieces) <=
         domain_tot_pages(b->d) / (SLOTS_PER_PIECE / 2) + 64 )
        slots = alloc_xenheap_page();

    if ( !slots )
    {
        atomic_dec(&rmap->pieces);
        return false;
    }

    clear_page(slots);
    write_atomic(&rmap->piece[index].page,
                 mfn_to_page(_mfn(index * SLOTS_PER_PIECE)));

    /* Full barrier: pairs with the dependent loads of frame_in(). */
    if ( cmpxchgptr(&rmap->piece[index].slot, NULL, slots) )
    {
        /* Another vCPU was faster. */
        free_xenheap_page(slots);
        atomic_dec(&rmap->pieces);
    }

    return true;
}

/* The slot of a frame that is held. */
static struct iommu_op_frame get_slot(const struct iommu_op_batch *b,
                                      unsigned long mfn)
{
    struct iommu_op_frame f = iommu_op_frame(b->pv, mfn);
    unsigned long index = mfn / SLOTS_PER_PIECE;

    if ( !f.slot && index < b->pv->rmap->nr && make_piece(b, index) )
        f = iommu_op_frame(b->pv, mfn);

    return f;
}

/* Try to make the links for a further entry of @leaf in a slot. */
static void get_links(uint64_t slot, struct iommu_op_leaf *leaf)
{
    if ( slot & SLOT_ID_MASK )
    {
        iommu_op_links_get(leaf);
        iommu_op_links_get(slot_leaf(slot));
    }
}

/* Map a held frame, so that its reference can be dropped. */
static bool map_let_go(struct iommu_op_batch *b, uint64_t *p, unsigned long mfn,
                       uint64_t entry)
{
    struct iommu_op_frame f = get_slot(b, mfn);

    if ( !f.slot )
        return false;

    /* Its tables stay: the domain's lock is held. */
    get_links(read_atomic(f.slot), b->cached.leaf);

    return iommu_op_slot_share(f.slot, iommu_op_one(b, p), f.page, b->owner, p,
                               entry);
}

/*
 * The long way to map a frame: a slot or links are missing, or the page is not
 * ordinary. Return: 0, STATUS_held or a negative errno.
 */
int iommu_op_map_frame_slow(struct iommu_op_batch *b, uint64_t *p,
                            unsigned long mfn, uint64_t entry)
{
    uint64_t held = iommu_op_held_entry(b->pv, entry);
    int rc = iommu_op_is_taken(read_atomic(p)) ?:
             iommu_op_get_ram(b->d, mfn, entry_kind(b->pv, held) & KIND_TYPED);

    if ( rc )
        return rc;

    if ( !map_let_go(b, p, mfn, entry) )
    {
        if ( !cmpxchg(p, 0, held) )
            return XEN_IOMMUOP_STATUS_held;

        /* Another vCPU was faster. */
        rc = -EEXIST;
    }

    iommu_op_put_entry(b->pv, held, NULL, 0);

    return rc;
}

/* iommu_op_make_pending() of an entry that is neither present nor free. */
bool iommu_op_make_pending_slow(const struct iommu_op_domain *pv, uint64_t *p,
                                uint64_t pending)
{
    for ( ; ; )
    {
        uint64_t old = read_atomic(p);

        /* Another CPU revokes the entry: wait until its flush is over. */
        if ( entry_is_revoking(old) )
            cpu_relax();
        else if ( !entry_is_mapped(pv, old) )
            return false;
        else if ( cmpxchg(p, old, entry_pending(pv, old, pending)) == old )
            return true;
    }
}

/* Take an entry of a frame from the devices, and tell the guest by its bit. */
static void take_back(const struct iommu_op_domain *pv, uint64_t id)
{
    const struct iommu_op_claim *c = slot_leaf(id)->claim;
    uint64_t *p = id_entry(id), bfn = id_bfn(id);
    uint64_t old = read_atomic(p), seen;

    for ( ; old & ENTRY_PRESENT; old = seen )
    {
        seen = cmpxchg(p, old,
                       entry_pending(pv, old, revoking_bits(pv, old)));
        if ( seen != old )
            continue;

        set_bit(bfn % XEN_IOMMUOP_WATCH_FRAMES,
                c->watch[iommu_op_watch_index(c, bfn)]);
        break;
    }

    /* Also if another vCPU unmapped the entry, and has not come to this yet. */
    iommu_sync_cache(p, sizeof(*p));
}

/* Flush all of the ring: a revocation never waits for the flush of a batch. */
static int flush_ring(struct domain *d, uint64_t slot)
{
    unsigned int left = slot_nr(slot);
    uint64_t id = ring_first(slot);
    int rc = 0;

    if ( left > MAX_RUNS )
        return iommu_op_flush_all(d, IOMMU_FLUSHF_modified);

    for ( ; id; id = ring_next(id, &left) )
    {
        int err = iommu_call(dom_iommu(d)->platform_ops, leaf_flush, d,
                             _dfn(id_bfn(id)), 0);

        rc = rc ?: err;
    }

    return rc;
}

/* The entry has yielded; or the flush failed, and it maps its frame again. */
static void end_revocation(struct iommu_op_domain *pv, uint64_t *p, bool failed)
{
    uint64_t entry = read_atomic(p);

    if ( !entry_is_revoking(entry) )
        return;

    if ( failed )
    {
        write_atomic(p, entry_unrevoked(pv, entry));
        iommu_sync_cache(p, sizeof(*p));
        return;
    }

    /* The entry stays absent to the hardware; its table may go now. */
    atomic_inc(&pv->yielded);
    write_atomic(p, pv->gone);
}

static int revoke_slot(struct domain *d, struct iommu_op_domain *pv,
                       uint64_t *slot)
{
    uint64_t old = slot_lock(slot), id, next;
    unsigned int left = slot_nr(old);
    int rc;

    for ( id = ring_first(old); id; id = ring_next(id, &left) )
        take_back(pv, id);

    rc = flush_ring(d, old);

    /* A yielded entry may be unmapped, and its table go, at once. */
    left = slot_nr(old);
    for ( id = ring_first(old); id; id = next )
    {
        next = ring_next(id, &left);
        end_revocation(pv, id_entry(id), rc);
    }

    slot_unlock(slot, rc ? old : 0);

    return rc;
}

/*
 * A page of @d's is not writable any more, or not the domain's: its type or its
 * reference count has just changed, with a full barrier. Return: 0: no map that
 * yields leads to the page; or -EIO: a device may still reach the page.
 */
int iommu_op_revoke(struct domain *d, const struct page_info *page)
{
    struct iommu_op_domain *pv = ACCESS_ONCE(dom_iommu(d)->arch.pv);
    uint64_t *slot;
    int rc = 0;

    if ( likely(!pv) || !ACCESS_ONCE(pv->rmap) )
        return 0;

    /* Pieces stay, and so do tables and claims while a slot is locked. */
    percpu_read_lock(iommu_op_rmap_rwlock, &pv->rmap_lock);

    slot = iommu_op_frame(pv, mfn_x(page_to_mfn(page))).slot;
    /* Pairs with slot_map() and slot_lock(). */
    if ( slot && unlikely(read_atomic(slot)) )
        rc = revoke_slot(d, pv, slot) ? -EIO : 0;

    percpu_read_unlock(iommu_op_rmap_rwlock, &pv->rmap_lock);

    return rc;
}

static struct iommu_op_leaf *leaf_at(struct iommu_op_claim *c, uint64_t bfn)
{
    return &c->leaf[(bfn - c->bfn) / LEAF_FRAMES];
}

/* Make the mapped entries pending. Return: whether there are any. */
static bool take_range(const struct iommu_op_batch *b, struct iommu_op_claim *c,
                       const struct xen_iommu_op_range *r)
{
    uint64_t bfn, end = r->bfn + r->nr;
    bool any = false;

    for ( bfn = r->bfn; bfn < end; bfn++ )
    {
        uint64_t *p = leaf_at(c, bfn)->entry;

        if ( !p || !iommu_op_make_pending(b->pv, &p[bfn % LEAF_FRAMES],
                                          b->pending) )
            continue;

        iommu_sync_cache(&p[bfn % LEAF_FRAMES], sizeof(*p));
        any = true;
    }

    return any;
}

/* The range has yielded; or the flush failed, and a later flush is due. */
static void keep_range(const struct iommu_op_batch *b, struct iommu_op_claim *c,
                       const struct xen_iommu_op_range *r, bool failed)
{
    uint64_t bfn, end = r->bfn + r->nr;

    for ( bfn = r->bfn; bfn < end; bfn++ )
    {
        struct iommu_op_leaf *leaf = leaf_at(c, bfn);
        unsigned int i = bfn % LEAF_FRAMES;
        uint64_t entry = leaf->entry ? read_atomic(&leaf->entry[i]) : 0;

        if ( !entry_is_pending(entry, b->pending) )
            continue;

        if ( failed )
        {
            write_atomic(&leaf->entry[i],
                         entry_pending(b->pv, entry, PENDING_DEFERRED));
            continue;
        }

        iommu_op_put_entry(b->pv, entry, leaf, i);
        atomic_inc(&b->pv->yielded);
        write_atomic(&leaf->entry[i], b->pv->gone);
    }
}

/*
 * Take the mapped BFNs of a range from the devices; the BFNs stay in use. The
 * domain's lock is held for writing: only iommu_op_revoke() changes entries
 * meanwhile.
 */
int iommu_op_revoke_range(struct iommu_op_batch *b,
                          const struct xen_iommu_op_range *r)
{
    struct iommu_op_claim *c = iommu_op_find_claim(b->pv, r->bfn, r->nr);
    int rc;

    if ( !b->pv->direct )
        return -EOPNOTSUPP;

    if ( !c )
        return -ENOENT;

    if ( !take_range(b, c, r) )
        return 0;

    rc = iommu_op_flush_all(b->d, IOMMU_FLUSHF_modified);
    keep_range(b, c, r, rc);

    return rc;
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
