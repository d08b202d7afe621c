/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_batch.h: one batch of the PV-IOMMU hypercall, while it runs.
 *
 * A batch belongs to the physical CPU that carries it out: a hypercall is not
 * migrated before it returns or makes a continuation, and both settle it.
 */
#ifndef __X86_PV_IOMMU_OP_BATCH_H__
#define __X86_PV_IOMMU_OP_BATCH_H__

#include "iommu_op.h"

/*
 * Runs of BFNs to flush. Up to 4 neighbourhoods are flushed one by one; more
 * of them cost more invalidations than flushing the domain at once does.
 */
#define MAX_RUNS 4

struct iommu_op_runs {
    unsigned int nr;
    bool all;
    struct {
        uint64_t first, last;
    } run[MAX_RUNS];
};

/* Entries of [bfn, bfn + nr) that bear our tag wait for the batch's flush. */
struct iommu_op_unsettled {
    struct iommu_op_claim *claim;
    uint64_t bfn;
    unsigned int nr;
    unsigned int op;            /* index into ops[] */
};

struct iommu_op_batch {
    struct domain *d;
    struct iommu_op_domain *pv;
    unsigned int tag;
    unsigned int op;            /* index of the op that is carried out */
    bool locked;                /* between iommu_op_begin() and _settle() */

    struct iommu_op_runs added, modified;
    unsigned int flush_flags;   /* what the generic functions asked for */
    bool unmap_failed;          /* and could not do, for want of memory */

    unsigned int nr_unsettled;
    struct iommu_op_unsettled unsettled[XEN_IOMMUOP_MAX_OPS];
    struct xen_iommu_op ops[XEN_IOMMUOP_MAX_OPS];
};

/* iommu_op_flush.c */
void iommu_op_runs_add(struct iommu_op_runs *runs, uint64_t first,
                       unsigned int nr);
int iommu_op_flush_runs(struct iommu_op_batch *b);
void iommu_op_begin(struct iommu_op_batch *b);
void iommu_op_settle(struct iommu_op_batch *b);

/* iommu_op_map.c */
int iommu_op_map(struct iommu_op_batch *b, const struct xen_iommu_op_map *m,
                 unsigned int flags);
int iommu_op_unmap(struct iommu_op_batch *b,
                   const struct xen_iommu_op_range *r, bool defer);
int iommu_op_flush(struct iommu_op_batch *b,
                   const struct xen_iommu_op_range *r);

/* The entries of one leaf table that a range of BFNs covers. */
struct iommu_op_span {
    struct iommu_op_leaf *leaf;
    uint64_t *entry;            /* NULL: no leaf table, so all are free */
    unsigned int nr;
};

/*
 * The span that starts at @bfn, which the claim covers, cut at @nr BFNs or the
 * end of the leaf table. Ends with iommu_op_span_end().
 */
static inline struct iommu_op_span iommu_op_span(struct iommu_op_claim *c,
                                                 uint64_t bfn,
                                                 unsigned int nr)
{
    unsigned int index = bfn - c->bfn, offset = index % LEAF_FRAMES;
    struct iommu_op_span s = {
        .leaf = &c->leaf[index / LEAF_FRAMES],
        .nr = min(nr, LEAF_FRAMES - offset),
    };
    /* Pairs with the barrier in iommu_op_leaf_get(). */
    struct page_info *table = ACCESS_ONCE(s.leaf->table);

    if ( table )
        s.entry = (uint64_t *)__map_domain_page(table) + offset;

    return s;
}

static inline void iommu_op_span_end(const struct iommu_op_span *s)
{
    if ( s->entry )
        unmap_domain_page(s->entry);
}

#endif /* __X86_PV_IOMMU_OP_BATCH_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
