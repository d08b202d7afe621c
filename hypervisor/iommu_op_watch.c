/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_watch.c: the pages of bits for yielded maps, and the memory of the
 * look-up from frames to maps, which comes with the first page.
 *
 * All with the domain's lock held for writing.
 */
#include <xen/event.h>
#include <xen/lib.h>
#include <xen/vmap.h>

#include "iommu_op_single.h"

static unsigned int watch_pages(const struct iommu_op_claim *c)
{
    return iommu_op_watch_index(c, c->bfn + c->nr - 1) + 1;
}

/* Of all present frames; a later frame's map is held. */
static int make_rmap(struct iommu_op_domain *pv)
{
    unsigned long nr = DIV_ROUND_UP(max_page, SLOTS_PER_PIECE);
    struct iommu_op_rmap *rmap;

    if ( pv->rmap )
        return 0;

    rmap = vzalloc(sizeof(*rmap) + nr * sizeof(rmap->piece[0]));
    if ( !rmap )
        return -ENOMEM;

    rmap->nr = nr;
    /* Its contents before the pointer; pairs with iommu_op_frame(). */
    smp_wmb();
    ACCESS_ONCE(pv->rmap) = rmap;

    return 0;
}

static int make_watch(struct iommu_op_claim *c)
{
    if ( !c->watch )
        c->watch = vzalloc(watch_pages(c) * sizeof(c->watch[0]));

    return c->watch ? 0 : -ENOMEM;
}

static void put_page_of_bits(unsigned long *bits)
{
    struct page_info *page = mfn_to_page(domain_page_map_to_mfn(bits));

    unmap_domain_page_global(bits);
    put_page_and_type(page);
}

/* Hold a page of the guest's, and map it. */
static int get_page_of_bits(const struct domain *d, uint64_t mfn,
                            unsigned long **bits)
{
    struct page_info *page;
    int rc = iommu_op_get_ram(d, mfn, true);

    if ( rc )
        return rc;

    page = mfn_to_page(_mfn(mfn));
    *bits = __map_domain_page_global(page);
    if ( *bits )
        return 0;

    put_page_and_type(page);

    return -ENOMEM;
}

static int check_watch(const struct iommu_op_claim *c,
                       const struct xen_iommu_op_watch *w)
{
    unsigned int first = iommu_op_watch_index(c, w->bfn), i;

    if ( w->nr > watch_pages(c) - first )
        return -EINVAL;

    for ( i = 0; c->watch && i < w->nr; i++ )
        if ( c->watch[first + i] )
            return -EEXIST;

    return 0;
}

int iommu_op_watch(struct domain *d, struct iommu_op_domain *pv,
                   const struct xen_iommu_op_watch *w)
{
    struct iommu_op_claim *c;
    unsigned int first, i;
    int rc;

    if ( w->ctx || w->pad0 || !w->nr )
        return -EINVAL;

    if ( !pv->direct )
        return -EOPNOTSUPP;

    c = iommu_op_find_claim(pv, w->bfn, 1);
    if ( !c )
        return -ENOENT;

    rc = check_watch(c, w) ?: make_rmap(pv) ?: make_watch(c);
    if ( rc )
        return rc;

    first = iommu_op_watch_index(c, w->bfn);
    for ( i = 0; !rc && i < w->nr; i++ )
        rc = get_page_of_bits(d, w->mfn + i, &c->watch[first + i]);

    while ( rc && i-- )
        if ( c->watch[first + i] )
        {
            put_page_of_bits(c->watch[first + i]);
            c->watch[first + i] = NULL;
        }

    /* A vCPU with a cached table of the claim sees the change. */
    pv->epoch++;

    return rc;
}

/* The claim goes, without any map left. */
void iommu_op_unwatch(struct iommu_op_claim *c)
{
    unsigned int i;

    if ( !c->watch )
        return;

    for ( i = 0; i < watch_pages(c); i++ )
        if ( c->watch[i] )
            put_page_of_bits(c->watch[i]);

    vfree(c->watch);
}

/* Pieces between two looks at pending work: some 100 instructions each. */
#define CLEAR_BATCH 2048

/*
 * The last claim goes: give back the memory of all slots, which are empty.
 * Return: false if other work waits; the next call goes on there.
 */
bool iommu_op_rmap_clear(struct iommu_op_domain *pv)
{
    struct iommu_op_rmap *rmap = pv->rmap;
    unsigned long end;

    if ( !rmap )
        return true;

    /* No vCPU is about to read a slot: see iommu_op_revoke(). */
    percpu_write_lock(iommu_op_rmap_rwlock, &pv->rmap_lock);

    end = min(rmap->next + CLEAR_BATCH, rmap->nr);
    for ( ; rmap->next < end; rmap->next++ )
    {
        uint64_t **slot = &rmap->piece[rmap->next].slot;

        if ( !*slot )
            continue;

        free_xenheap_page(*slot);
        *slot = NULL;
        atomic_dec(&rmap->pieces);
    }

    if ( end == rmap->nr )
    {
        /* New slots may have come during the wait. */
        rmap->next = 0;
        if ( !atomic_read(&rmap->pieces) )
        {
            pv->rmap = NULL;
            vfree(rmap);
            rmap = NULL;
        }
    }

    percpu_write_unlock(iommu_op_rmap_rwlock, &pv->rmap_lock);

    return !rmap;
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
