/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_claim.c: claims come and go, with the domain's lock held for
 * writing. iommu_op_leaf.c has their leaf tables.
 */
#include <xen/domain_page.h>
#include <xen/event.h>
#include <xen/lib.h>
#include <xen/vmap.h>

#include "iommu_op_single.h"

static int check_claim(const struct iommu_op_domain *pv,
                       const struct xen_iommu_op_range *r)
{
    unsigned int i;

    if ( (r->bfn | r->nr) % LEAF_FRAMES || r->nr > XEN_IOMMUOP_MAX_CLAIM )
        return -EINVAL;

    if ( r->bfn >> pv->bfn_bits || (r->bfn + r->nr - 1) >> pv->bfn_bits )
        return -ERANGE;

    for ( i = 0; i < pv->nr_reserved; i++ )
        if ( iommu_op_ranges_overlap(r->bfn, r->nr, pv->reserved[i].bfn,
                                     pv->reserved[i].nr) )
            return -EADDRINUSE;

    if ( iommu_op_is_claimed(pv, r->bfn, r->nr) )
        return -EEXIST;

    return pv->nr_claims < ARRAY_SIZE(pv->claim) ? 0 : -ENOSPC;
}

/*
 * Is nothing mapped in the range? -ERESTART: not known yet, call again with
 * the same range.
 */
static int check_vacant(struct domain *d, struct iommu_op_domain *pv,
                        const struct xen_iommu_op_range *r)
{
    uint64_t bfn = r->bfn, end = r->bfn + r->nr;

    if ( pv->claim_bfn == r->bfn && pv->claim_next < end )
        bfn = pv->claim_next;
    pv->claim_bfn = NO_CLAIM;

    while ( bfn < end )
    {
        unsigned int order = iommu_call(dom_iommu(d)->platform_ops,
                                        leaf_vacant, d, _dfn(bfn));

        if ( !order )
            return -EEXIST;

        bfn = (bfn | ((1UL << order) - 1)) + 1;

        if ( bfn < end && general_preempt_check() )
        {
            pv->claim_bfn = r->bfn;
            pv->claim_next = bfn;
            return -ERESTART;
        }
    }

    return 0;
}

int iommu_op_claim(struct domain *d, struct iommu_op_domain *pv,
                   const struct xen_iommu_op_range *r)
{
    struct iommu_op_claim *c;
    int rc = check_claim(pv, r) ?: iommu_op_host_flush(d, pv) ?:
             check_vacant(d, pv, r);

    if ( rc )
        return rc;

    c = vzalloc(sizeof(*c) + sizeof(c->leaf[0]) * (r->nr / LEAF_FRAMES));
    if ( !c )
        return -ENOMEM;

    c->bfn = r->bfn;
    c->nr = r->nr;
    c->in_host = pv->host != HOST_present && iommu_op_host_overlaps(r);
    spin_lock_init(&c->attach_lock);

    pv->claim[pv->nr_claims++] = c;

    return 0;
}

/* Tables for release between two looks at pending work. */
#define RELEASE_BATCH (XEN_IOMMUOP_MAX_FRAMES / LEAF_FRAMES)

static bool claim_is_used(const struct iommu_op_claim *c)
{
    unsigned int i;

    for ( i = 0; i < c->nr / LEAF_FRAMES; i++ )
        if ( atomic_read(&c->leaf[i].used) )
            return true;

    return false;
}

/* Take every present entry of a leaf table from the devices. */
static int clear_leaf(struct domain *d, struct iommu_op_domain *pv,
                      struct iommu_op_leaf *leaf, uint64_t bfn)
{
    uint64_t *entry = leaf->entry;
    unsigned int i, flush_flags = 0;

    for ( i = 0; i < LEAF_FRAMES; i++ )
        if ( read_atomic(&entry[i]) )
            iommu_op_make_pending(pv, &entry[i], PENDING_DEFERRED);

    iommu_sync_cache(entry, PAGE_SIZE);

    return pv->direct
           ? 0 : iommu_unmap_any(d, _dfn(bfn), LEAF_FRAMES, 0, &flush_flags);
}

static void settle_leaf(struct iommu_op_batch *b, struct iommu_op_leaf *leaf)
{
    uint64_t *entry = leaf->entry;
    unsigned int i;

    for ( i = 0; i < LEAF_FRAMES; i++ )
        if ( read_atomic(&entry[i]) )
        {
            iommu_op_put_entry(b->pv, read_atomic(&entry[i]), leaf, i);
            write_atomic(&entry[i], 0);
        }

    b->mapped -= atomic_read(&leaf->used);
    atomic_set(&leaf->used, 0);
}

static void detach_leaf(struct domain *d, struct iommu_op_domain *pv,
                        struct iommu_op_leaf *leaf, uint64_t bfn)
{
    iommu_op_put_table(d, pv, leaf->entry,
                       mfn_to_page(domain_page_map_to_mfn(leaf->entry)), bfn);
    leaf->entry = NULL;
    if ( leaf->link )
        free_xenheap_page(leaf->link);
    leaf->link = NULL;
}

/* Empty and detach the tables of leaf[from .. to). */
static int release_leaves(struct iommu_op_batch *b, struct iommu_op_claim *c,
                          unsigned int from, unsigned int to)
{
    struct iommu_op_domain *pv = b->pv;
    struct domain *d = b->d;
    unsigned int i, gone = 0;
    int rc = 0;

    for ( i = from; !rc && i < to; i++ )
        if ( c->leaf[i].entry )
            rc = clear_leaf(d, pv, &c->leaf[i], c->bfn + i * LEAF_FRAMES);

    if ( rc || iommu_op_flush_all(d, IOMMU_FLUSHF_modified) )
        return -EIO;

    for ( i = from; i < to; i++ )
        if ( c->leaf[i].entry )
        {
            settle_leaf(b, &c->leaf[i]);
            detach_leaf(d, pv, &c->leaf[i], c->bfn + i * LEAF_FRAMES);
            gone++;
        }

    /* Kept tables go on to count: they are Xen's memory. */
    rc = iommu_op_flush_all(d, IOMMU_FLUSHF_modified);
    if ( !rc )
        atomic_sub(gone, &pv->tables);

    return rc;
}

int iommu_op_release(struct iommu_op_batch *b,
                     const struct xen_iommu_op_range *r, bool unmap)
{
    struct iommu_op_domain *pv = b->pv;
    struct iommu_op_claim *c = iommu_op_find_claim(pv, r->bfn, r->nr);
    unsigned int i, leaves = r->nr / LEAF_FRAMES;

    if ( !c || c->bfn != r->bfn || c->nr != r->nr )
        return -ENOENT;

    if ( !unmap && claim_is_used(c) )
        return -EBUSY;

    /*
     * A vCPU with a cached table of the claim drops the table:
     * iommu_op_lock().
     */
    pv->epoch++;

    for ( i = 0; i < leaves; )
    {
        unsigned int to = min(i + RELEASE_BATCH, leaves);
        int rc;

        if ( !c->leaf[i].entry )
        {
            i++;
            continue;
        }

        rc = release_leaves(b, c, i, to);
        if ( rc )
            return rc;

        i = to;

        /* A second call passes over the tables that are gone. */
        if ( i < leaves && general_preempt_check() )
            return -ERESTART;
    }

    while ( pv->nr_claims == 1 && !iommu_op_rmap_clear(pv) )
        if ( general_preempt_check() )
            return -ERESTART;

    iommu_op_unwatch(c);

    for ( i = 0; pv->claim[i] != c; i++ )
        continue;

    pv->claim[i] = pv->claim[--pv->nr_claims];
    vfree(c);

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
