/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks into iommu_op's own state, with its own headers: for the tests alone.
 * Only entries tell deferred, pending and free apart.
 */
#include <xen/lib.h>
#include <xen/vmap.h>

#include "iommu_op_yield.h"

struct domain *peek_domain(void);

static const struct iommu_op_leaf *leaf_of(uint64_t bfn, unsigned int *index)
{
    const struct iommu_op_domain *pv = peek_domain()->iommu.arch.pv;
    struct iommu_op_claim *c = pv ? iommu_op_find_claim(pv, bfn, 1) : NULL;

    if ( !c )
        return NULL;

    *index = (bfn - c->bfn) % LEAF_FRAMES;

    return &c->leaf[(bfn - c->bfn) / LEAF_FRAMES];
}

uint64_t peek_entry(uint64_t bfn)
{
    unsigned int index;
    const struct iommu_op_leaf *leaf = leaf_of(bfn, &index);

    if ( !leaf || !leaf->entry )
        return 0;

    return read_atomic(&leaf->entry[index]);
}

int peek_leaf(uint64_t bfn, int *used)
{
    unsigned int index;
    const struct iommu_op_leaf *leaf = leaf_of(bfn, &index);

    *used = leaf ? atomic_read(&leaf->used) : 0;

    return leaf && leaf->entry;
}

int peek_is_mapped(uint64_t word)
{
    return !!(word & ENTRY_PRESENT);
}

int peek_yields(uint64_t word)
{
    return entry_kind(peek_domain()->iommu.arch.pv, word) == KIND_YIELD;
}

int peek_has_yielded(uint64_t word)
{
    return entry_kind(peek_domain()->iommu.arch.pv, word) == KIND_YIELDED;
}

unsigned int peek_heap_pages(void)
{
    const struct iommu_op_domain *pv = peek_domain()->iommu.arch.pv;
    unsigned int i, leaf, n = 0;

    if ( !pv )
        return 0;

    for ( i = 0; pv->rmap && i < pv->rmap->nr; i++ )
        n += !!pv->rmap->piece[i].slot;
    for ( i = 0; i < pv->nr_claims; i++ )
        for ( leaf = 0; leaf < pv->claim[i]->nr / LEAF_FRAMES; leaf++ )
            n += !!pv->claim[i]->leaf[leaf].link;

    return n;
}

unsigned int peek_tables(void)
{
    const struct iommu_op_domain *pv = peek_domain()->iommu.arch.pv;

    return pv ? atomic_read(&pv->tables) : 0;
}

unsigned int peek_batches(void)
{
    const struct iommu_op_domain *pv = peek_domain()->iommu.arch.pv;
    unsigned int i, n = 0;

    for ( i = 0; pv && i < pv->nr_vcpus; i++ )
        n += !!pv->batch[i];

    return n;
}

unsigned int peek_allocations(void)
{
    const struct iommu_op_domain *pv = peek_domain()->iommu.arch.pv;
    unsigned int i, n = pv && pv->rmap;

    for ( i = 0; pv && i < pv->nr_claims; i++ )
        n += !!pv->claim[i]->watch;

    return n;
}

int peek_is_pending(uint64_t word, unsigned int *tag)
{
    *tag = ((word >> TAG_LOW_SHIFT) & TAG_LOW_MASK) |
           (((word >> TAG_HIGH_SHIFT) & 0x7f) << TAG_LOW_BITS);

    return (word & (ENTRY_PENDING | ENTRY_PRESENT)) == ENTRY_PENDING;
}

uint64_t peek_mfn(uint64_t word)
{
    return mfn_x(entry_mfn(word));
}
