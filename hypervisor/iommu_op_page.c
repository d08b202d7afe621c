/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_page.c: references that a map holds on its pages, the owners of
 * pages, and device memory.
 */
#include <xen/iocap.h>
#include <xen/lib.h>
#include <xen/rangeset.h>
#include <asm/paging.h>
#include <xsm/xsm.h>

#include "iommu_op_yield.h"

/* Take a reference on any page of @owner. Return: 0 or a negative errno. */
static int get_owned(struct page_info *page, const struct domain *owner)
{
    /* get_page() would log each frame that is not the domain's. */
    const struct domain *found = page_get_owner_and_reference(page);

    if ( !found )
        return page_get_owner(page) == dom_io ? -ENXIO : -EPERM;

    if ( found == owner && !(read_atomic(&page->count_info) & PGC_special) )
        return 0;

    put_page(page);

    return found == dom_io ? -ENXIO : -EPERM;
}

/*
 * get_page() and get_page_type(), and their undoing, for the usual page of a
 * device: the domain's own, in use, and writable before and after. The two
 * functions handle every other page. Without these, a map of 512 held frames
 * takes 72,000 instructions more, with the caller's interrupts off.
 */
static inline bool get_own(struct page_info *page, const struct domain *owner)
{
    unsigned long x = read_atomic(&page->count_info);

    /* Free, or near the counter's end: see page_get_owner_and_reference(). */
    if ( unlikely(x & PGC_special) ||
         unlikely(((x + 2) & PGC_count_mask) <= 2) ||
         unlikely(cmpxchg(&page->count_info, x, x + 1) != x) )
        return false;

    if ( likely(page_get_owner(page) == owner) )
        return true;

    put_page(page);

    return false;
}

/* The last reference is not dropped here. */
static inline void put_own(struct page_info *page)
{
    unsigned long x = read_atomic(&page->count_info);

    if ( unlikely((x & PGC_count_mask) <= 1) ||
         unlikely(cmpxchg(&page->count_info, x, x - 1) != x) )
        put_page(page);
}

static inline bool get_writable(struct page_info *page)
{
    unsigned long x = read_atomic(&page->u.inuse.type_info);

    if ( likely((x & (PGT_type_mask | PGT_validated | PGT_partial)) ==
                (PGT_writable_page | PGT_validated)) &&
         likely((x + 1) & PGT_count_mask) &&
         likely(cmpxchg(&page->u.inuse.type_info, x, x + 1) == x) )
        return true;

    /* A debug Xen logs each failure of get_page_type(). */
    return (!(x & PGT_count_mask) ||
            (x & PGT_type_mask) == PGT_writable_page) &&
           get_page_type(page, PGT_writable_page);
}

static inline void put_writable(struct page_info *page)
{
    unsigned long x = read_atomic(&page->u.inuse.type_info);

    if ( unlikely((x & (PGT_type_mask | PGT_validated | PGT_partial |
                        PGT_locked)) != (PGT_writable_page | PGT_validated)) ||
         unlikely((x & PGT_count_mask) == 1) ||
         unlikely(cmpxchg(&page->u.inuse.type_info, x, x - 1) != x) )
        put_page_type(page);
}

/*
 * Take a reference on a frame of RAM, and a reference on its type for a device
 * that writes; or return the reason against.
 */
int iommu_op_get_ram(const struct domain *owner, uint64_t mfn, bool typed)
{
    struct page_info *page;
    int rc;

    if ( !mfn_valid(_mfn(mfn)) )
        return -ENXIO;

    page = mfn_to_page(_mfn(mfn));
    rc = likely(get_own(page, owner)) ? 0 : get_owned(page, owner);
    if ( rc )
        return rc;

    if ( typed && !get_writable(page) )
    {
        put_page(page);
        return -EBUSY;
    }

    return 0;
}

/* Device memory: no reference, so it must never be RAM. */
static int check_mmio(const struct domain *d, unsigned long mfn, bool write)
{
    if ( mfn > PFN_DOWN(PADDR_MASK) )
        return -ENXIO;

    if ( mfn_valid(_mfn(mfn)) &&
         page_get_owner(mfn_to_page(_mfn(mfn))) != dom_io )
        return -ENXIO;

    if ( !iomem_access_permitted(d, mfn, mfn) ||
         (write && rangeset_contains_singleton(mmio_ro_ranges, mfn)) )
        return -EPERM;

    return 0;
}

/*
 * Take the references on a frame that its entry is to hold.
 * iommu_op_put_held() drops the same references, by the entry.
 */
int iommu_op_get_frame(const struct domain *d, const struct domain *owner,
                       uint64_t mfn, unsigned int kind, unsigned int access)
{
    return kind & KIND_REF
           ? iommu_op_get_ram(owner, mfn, kind & KIND_TYPED)
           : check_mmio(d, mfn, access & XEN_IOMMUOP_MAP_write);
}

/* Lock the domain of the frames. Return: 0 or a negative errno. */
int iommu_op_lock_owner(struct domain *d, domid_t domid, struct domain **owner)
{
    int rc;

    *owner = rcu_lock_domain_by_id(domid);
    if ( !*owner )
        return -ESRCH;

    rc = *owner == d ? 0 : xsm_map_gmfn_foreign(XSM_TARGET, d, *owner);
    if ( rc )
        rcu_unlock_domain(*owner);

    return rc ? -EPERM : 0;
}

/*
 * The kind of another domain's page. As for grants, the page is marked dirty
 * when its writable map ends. In external paging mode a domain's page tables
 * are not in its own pages, so a type reference would protect nothing. Shadow
 * code would even take the reference for a special use of the page.
 */
unsigned int iommu_op_foreign_kind(unsigned int kind, unsigned int access,
                                   const struct domain *owner)
{
    if ( !(access & XEN_IOMMUOP_MAP_write) )
        return kind;

    if ( paging_mode_external(owner) )
        kind &= ~KIND_TYPED;

    return kind | KIND_FOREIGN;
}

/*
 * A device may have written to the page: the owner's dirty log must have the
 * page.
 */
static void put_foreign(struct page_info *page)
{
    paging_mark_dirty(page_get_owner(page), page_to_mfn(page));
    put_page(page);
}

/* References, or nothing for MMIO; or the entry has yielded. */
void iommu_op_put_held(struct iommu_op_domain *pv, uint64_t entry)
{
    struct page_info *page = mfn_to_page(entry_mfn(entry));
    unsigned int kind = entry_kind(pv, entry);

    if ( kind == KIND_YIELDED )
    {
        atomic_dec(&pv->yielded);
        return;
    }

    if ( kind & KIND_TYPED )
        put_writable(page);

    if ( (kind & KIND_FOREIGN) == KIND_FOREIGN )
        put_foreign(page);
    else if ( kind & KIND_REF )
        put_own(page);
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
