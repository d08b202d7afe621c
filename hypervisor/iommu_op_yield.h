/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_yield.h: maps that yield, and the look-up from a frame to them.
 *
 * Such a map holds no reference. A device reaches only the domain's ordinary
 * frames all the same: Xen takes the map back before its frame becomes anything
 * else, by iommu_op_revoke().
 *
 * Each frame has a slot, which names the entry of the frame's map; 0: no entry
 * maps the frame. Several entries are a ring, and the slot names the newest.
 * Each entry has a link to the next newer entry, and the newest to the oldest.
 * So the oldest entry, which mostly goes first, is found at once. Bit 0 of a
 * slot is a lock for slot and ring. A map or unmap holds the lock for a few
 * instructions, a revocation until its flush is over. The holder waits for
 * nothing but its flush.
 *
 *   map:     lock the slot          the frame's use changes:
 *            (full barrier)             change count or type
 *            look at count and type     (full barrier)
 *            write the entry            look at the slot, lock it
 *            unlock the slot            clear the entries, flush
 *
 * Either the map sees the change and gives up, or the change sees the slot.
 */
#ifndef __X86_PV_IOMMU_OP_YIELD_H__
#define __X86_PV_IOMMU_OP_YIELD_H__

#include <xen/lib.h>
#include <xen/nospec.h>

#include "iommu_op.h"

/*
 * An entry's name is its leaf and its index there. A leaf's address is a
 * multiple of 8, and has 48 bits that matter. A slot has the name, the lock and
 * the number of entries.
 */
#define SLOT_LOCKED     1UL
#define SLOT_INDEX      1
#define SLOT_NEXT       (1UL << SLOT_INDEX) /* to the neighbour's name */
#define SLOT_LEAF       7
#define SLOT_NR         55
#define SLOT_ONE        (1UL << SLOT_NR)
#define SLOT_ID_MASK    (SLOT_ONE - 1 - SLOT_LOCKED)

/*
 * Limit of a frame's yielding entries; further maps hold the frame. A change of
 * the frame's use goes through all of the ring.
 */
#define MAX_RING        256

/* A page of Xen's in some way. Neither flag changes under a reference. */
#define PGC_special     (PGC_xen_heap | PGC_extra)

#define SLOTS_PER_PIECE (PAGE_SIZE / sizeof(uint64_t))

/* The slots of all frames, in pieces that come with the first map in them. */
struct iommu_op_rmap {
    unsigned long nr;           /* limit of pieces */
    unsigned long next;         /* where iommu_op_rmap_clear() goes on */
    atomic_t pieces;            /* present pieces */
    struct {
        uint64_t *slot;
        struct page_info *page; /* of the first frame; the others follow */
    } piece[];
};

struct iommu_op_frame {
    uint64_t *slot;             /* NULL: neither slot nor page */
    const struct page_info *page;
};

/* Look-ups pair with the barrier in make_piece(). */
static inline struct iommu_op_frame frame_in(const struct iommu_op_rmap *rmap,
                                             unsigned long mfn)
{
    unsigned long index = mfn / SLOTS_PER_PIECE;
    unsigned int offset = mfn % SLOTS_PER_PIECE;
    struct iommu_op_frame f = {};

    if ( unlikely(!rmap) || unlikely(index >= rmap->nr) )
        return f;

    index = array_index_nospec(index, rmap->nr);
    f.slot = ACCESS_ONCE(rmap->piece[index].slot);
    if ( unlikely(!f.slot) )
        return f;

    f.slot += offset;
    f.page = ACCESS_ONCE(rmap->piece[index].page) + offset;

    return f;
}

static inline struct iommu_op_frame iommu_op_frame(
    const struct iommu_op_domain *pv, unsigned long mfn)
{
    return frame_in(ACCESS_ONCE(pv->rmap), mfn);
}

/* The slot of a yielding entry. Xen wrote the entry, so the slot exists. */
static inline uint64_t *slot_of(const struct iommu_op_rmap *rmap,
                                uint64_t entry)
{
    unsigned long mfn = mfn_x(entry_mfn(entry));

    return ACCESS_ONCE(rmap->piece[mfn / SLOTS_PER_PIECE].slot) +
           mfn % SLOTS_PER_PIECE;
}

/* The value of a slot that names a single entry. */
static inline uint64_t slot_of_one(const struct iommu_op_leaf *leaf,
                                   unsigned int index)
{
    uint64_t at = (unsigned long)leaf;

    return ((at << SLOT_LEAF) & SLOT_ID_MASK) | (index * SLOT_NEXT) | SLOT_ONE;
}

/* The address was shifted left, and its sign was lost. */
static inline struct iommu_op_leaf *slot_leaf(uint64_t id)
{
    unsigned int unused = 64 - SLOT_NR;
    long at = (long)(id << unused) >> (unused + SLOT_LEAF);

    return (struct iommu_op_leaf *)(at & ~7L);
}

static inline unsigned int slot_index(uint64_t id)
{
    return (id >> SLOT_INDEX) % LEAF_FRAMES;
}

static inline unsigned int slot_nr(uint64_t slot)
{
    return slot >> SLOT_NR;
}

/* The next holder of the lock sees the changes under the lock. */
static inline void slot_unlock(uint64_t *slot, uint64_t value)
{
    smp_wmb();
    write_atomic(slot, value);
}

/*
 * Is the page an ordinary writable page of @owner, a domain as pages name it?
 * The caller holds the slot's lock: after a later change the map is taken back.
 */
static inline bool iommu_op_may_yield(const struct page_info *page,
                                      iommu_op_owner_t owner)
{
    unsigned long count = read_atomic(&page->count_info) &
                          (PGC_special | PGC_count_mask);

    /* No type is above this type, and no count above this mask. */
    BUILD_BUG_ON(PGT_writable_page != PGT_type_mask);
    BUILD_BUG_ON(PGC_special & PGC_count_mask);

    /* Neither free, which is 0, nor special. */
    return likely(count - 1 < PGC_count_mask) &&
           likely(read_atomic(&page->v.inuse._domain) == owner) &&
           likely(read_atomic(&page->u.inuse.type_info) >= PGT_writable_page);
}

/* iommu_op_yield.c */
bool iommu_op_slot_share(uint64_t *slot, uint64_t one,
                         const struct page_info *page, iommu_op_owner_t owner,
                         uint64_t *p, uint64_t entry);
void iommu_op_slot_remove(uint64_t *slot, uint64_t one);

/*
 * Map a frame at @p, if the map may yield. @slot is the frame's; @one is the
 * value of a slot with this entry alone. Full barriers: pair with
 * iommu_op_revoke().
 */
static inline bool slot_map(uint64_t *slot, uint64_t one,
                            const struct page_info *page,
                            iommu_op_owner_t owner, uint64_t *p, uint64_t entry)
{
    bool mapped;

    if ( unlikely(cmpxchg(slot, 0, one | SLOT_LOCKED)) )
        return iommu_op_slot_share(slot, one, page, owner, p, entry);

    mapped = likely(iommu_op_may_yield(page, owner)) &&
             likely(!cmpxchg(p, 0, entry));
    slot_unlock(slot, mapped ? one : 0);

    return mapped;
}

#endif /* __X86_PV_IOMMU_OP_YIELD_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
