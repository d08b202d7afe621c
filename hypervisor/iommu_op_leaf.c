/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_leaf.c: the claim of a BFN, and the leaf tables of a claim.
 *
 * A leaf table comes under its claim's attach_lock, and goes with the domain's
 * lock held for writing.
 */
#include <xen/domain_page.h>
#include <xen/lib.h>
#include <xen/nospec.h>

#include "iommu_op_batch.h"
#include "iommu_op_yield.h"

/* The claim around all of [bfn, bfn + nr), or NULL. */
struct iommu_op_claim *iommu_op_find_claim(const struct iommu_op_domain *pv,
                                           uint64_t bfn, unsigned int nr)
{
    unsigned int i;

    for ( i = 0; i < pv->nr_claims; i++ )
    {
        struct iommu_op_claim *c = pv->claim[i];

        if ( bfn >= c->bfn && bfn - c->bfn < c->nr &&
             nr <= c->nr - (bfn - c->bfn) )
            return c;
    }

    return NULL;
}

/* Does any claim cover a part of [bfn, bfn + nr)? */
bool iommu_op_is_claimed(const struct iommu_op_domain *pv, uint64_t bfn,
                         uint64_t nr)
{
    unsigned int i;

    for ( i = 0; i < pv->nr_claims; i++ )
        if ( iommu_op_ranges_overlap(bfn, nr, pv->claim[i]->bfn,
                                     pv->claim[i]->nr) )
            return true;

    return false;
}

/*
 * iommu_op_entry() of a BFN outside of the cached table: takes its table, if
 * any.
 */
uint64_t *iommu_op_find_entry(struct iommu_op_batch *b, uint64_t bfn)
{
    struct iommu_op_claim *c = iommu_op_find_claim(b->pv, bfn, 1);
    struct iommu_op_cached *t = &b->cached;
    unsigned int index;

    iommu_op_tidy(b);
    t->nr = 0;
    if ( !c )
        return NULL;

    /* The guest chose the index: no load goes past the claim. */
    index = bfn - c->bfn;
    t->leaf = &c->leaf[array_index_nospec(index / LEAF_FRAMES,
                                          c->nr / LEAF_FRAMES)];
    /* Pairs with the barrier in iommu_op_leaf_get(). */
    t->entry = ACCESS_ONCE(t->leaf->entry);
    if ( !t->entry )
        return NULL;

    index %= LEAF_FRAMES;
    t->bfn = bfn - index;
    t->nr = LEAF_FRAMES;
    t->one = slot_of_one(t->leaf, 0);
    t->watched = c->watch && c->watch[iommu_op_watch_index(c, bfn)];
    t->epoch = b->pv->epoch;

    return &t->entry[index];
}

/*
 * The result of a flush by the driver: 0 or -EIO. The driver queued unlinked
 * tables, and frees them once the caller has left the hypervisor. After a
 * failed flush devices may still walk the tables: they are never freed.
 */
int iommu_op_flush_result(int rc)
{
    if ( likely(!rc) )
        return 0;

    iommu_keep_queued_pgtables();

    return -EIO;
}

/* Flush all of @d's BFNs: 0 or -EIO. @flags: IOMMU_FLUSHF_* */
int iommu_op_flush_all(struct domain *d, unsigned int flags)
{
    return iommu_op_flush_result(iommu_iotlb_flush_all(d, flags));
}

/* A table for shadow entries, out of the hardware's sight. */
static struct page_info *alloc_shadow(void)
{
    struct page_info *page = alloc_domheap_page(NULL, 0);

    if ( page )
        clear_domain_page(page_to_mfn(page));

    return page;
}

/*
 * Unmap a table, and give the table back to the driver, which frees it after
 * this function. A failed flush keeps the table: iommu_op_flush_all().
 */
void iommu_op_put_table(struct domain *d, const struct iommu_op_domain *pv,
                        uint64_t *entry, struct page_info *table, uint64_t bfn)
{
    if ( entry )
        unmap_domain_page_global(entry);

    if ( pv->direct )
        iommu_vcall(dom_iommu(d)->platform_ops, leaf_detach, d, _dfn(bfn));
    else
        free_domheap_page(table);
}

static uint64_t *get_table(struct domain *d, const struct iommu_op_domain *pv,
                           uint64_t bfn)
{
    struct page_info *table =
        pv->direct
        ? iommu_call(dom_iommu(d)->platform_ops, leaf_attach, d, _dfn(bfn))
        : alloc_shadow();
    uint64_t *entry = table ? __map_domain_page_global(table) : NULL;

    if ( table && !entry )
    {
        /* No entry is left, but walk caches may know the table. */
        iommu_op_put_table(d, pv, NULL, table, bfn);
        if ( iommu_op_flush_all(d, IOMMU_FLUSHF_modified) )
            printk_once(XENLOG_ERR "iommu_op: an empty table is lost\n");
    }

    return entry;
}

/* Attach the table of @leaf, whose first BFN is @bfn, unless attached. */
static int leaf_attach(struct domain *d, struct iommu_op_domain *pv,
                       struct iommu_op_claim *c, struct iommu_op_leaf *leaf,
                       uint64_t bfn, unsigned int *reserved)
{
    uint64_t *entry;
    int rc = 0;

    spin_lock(&c->attach_lock);

    if ( !leaf->entry )
    {
        entry = get_table(d, pv, bfn);
        if ( entry )
        {
            --*reserved;
            leaf->claim = c;
            /* Its contents before it; pairs with iommu_op_find_entry(). */
            smp_wmb();
            ACCESS_ONCE(leaf->entry) = entry;
        }
        else
            rc = -ENOMEM;
    }

    spin_unlock(&c->attach_lock);

    return rc;
}

/* The links of a table's entries, or NULL. See iommu_op_yield.h. */
uint64_t *iommu_op_links_get(struct iommu_op_leaf *leaf)
{
    uint64_t *link = ACCESS_ONCE(leaf->link);

    if ( link )
        return link;

    spin_lock(&leaf->claim->attach_lock);

    link = leaf->link;
    if ( !link )
    {
        link = alloc_xenheap_page();
        ACCESS_ONCE(leaf->link) = link;
    }

    spin_unlock(&leaf->claim->attach_lock);

    return link;
}

/*
 * Make the leaf tables of [bfn, bfn + nr) of @c: 0; -ENOSPC, and no table was
 * made; or -ENOMEM, and tables within the memory stay.
 */
int iommu_op_leaves_get(struct domain *d, struct iommu_op_domain *pv,
                        struct iommu_op_claim *c, uint64_t bfn,
                        unsigned int nr)
{
    unsigned int first = (bfn - c->bfn) / LEAF_FRAMES;
    unsigned int last = (bfn + nr - 1 - c->bfn) / LEAF_FRAMES;
    unsigned int i, reserved = 0;
    int rc = 0;

    for ( i = first; i <= last; i++ )
        if ( !ACCESS_ONCE(c->leaf[i].entry) )
            reserved++;

    if ( !reserved )
        return 0;

    if ( atomic_add_return(reserved, &pv->tables) > pv->max_tables )
        rc = -ENOSPC;

    for ( i = first; !rc && i <= last; i++ )
        rc = leaf_attach(d, pv, c, &c->leaf[i],
                         c->bfn + i * (uint64_t)LEAF_FRAMES, &reserved);

    /* The rest, and tables that another vCPU attached meanwhile. */
    atomic_sub(reserved, &pv->tables);

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
