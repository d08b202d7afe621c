/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_host.c: dropping the host map, and putting it back.
 *
 * The host map is what arch_iommu_hwdom_init() made of conventional RAM. What
 * firmware reserved is not part of it here: its devices need that always.
 *
 * Both directions go through all frames, a piece an op, with the domain's lock
 * held for writing: the caller comes back for the next one, and his kernel can
 * run others meanwhile. host_next is where the next piece starts.
 */
#include <xen/lib.h>
#include <asm/e820.h>

#include "iommu_op.h"

/* Frames an op: some milliseconds, as for a map of the most frames. */
#define PIECE XEN_IOMMUOP_MAX_FRAMES

/* How the host map maps the frame while it stands: IOMMUF_*, 0 for not. */
static unsigned int host_perms(const struct iommu_op_domain *pv,
                               const struct domain *d, unsigned long pfn)
{
    unsigned int i;

    if ( page_get_ram_type(_mfn(pfn)) != RAM_TYPE_CONVENTIONAL )
        return 0;

    for ( i = 0; i < pv->nr_reserved; i++ )
        if ( pfn - pv->reserved[i].bfn < pv->reserved[i].nr )
            return 0;

    /* Claimed while it was gone, in a change that is not finished. */
    if ( iommu_op_find_claim(pv, pfn, 1) )
        return 0;

    return arch_iommu_hwdom_perms(d, pfn);
}

/* Might any of the range be part of the host map? */
bool iommu_op_host_overlaps(const struct xen_iommu_op_range *r)
{
    return r->bfn <= max_page;
}

/*
 * Flush what was changed: 0, or -EIO. What failed to be flushed stays due: a
 * second attempt finds nothing left to change, and would not flush by itself.
 */
int iommu_op_host_flush(struct domain *d, struct iommu_op_domain *pv)
{
    if ( iommu_iotlb_flush_all(d, pv->host_flush) )
        return -EIO;

    pv->host_flush = 0;

    return 0;
}

static int change_run(struct domain *d, bool restore, unsigned long first,
                      unsigned long nr, unsigned int perms,
                      unsigned int *flush_flags)
{
    if ( !nr )
        return 0;

    return restore
           ? iommu_map(d, _dfn(first), _mfn(first), nr, perms, flush_flags)
           : iommu_unmap(d, _dfn(first), nr, 0, flush_flags);
}

/* Change the next piece of the host map: 0, or an error. */
static int change_piece(struct domain *d, struct iommu_op_domain *pv,
                        bool restore)
{
    unsigned long end = min(pv->host_next + PIECE, max_pdx);
    unsigned long i, first = 0, nr = 0;
    unsigned int run_perms = 0;
    int rc = 0, flush_rc;

    for ( i = pv->host_next; !rc && i < end; i++ )
    {
        unsigned long pfn = pdx_to_pfn(i);
        unsigned int perms = host_perms(pv, d, pfn);

        if ( nr && (pfn != first + nr || perms != run_perms) )
        {
            rc = change_run(d, restore, first, nr, run_perms,
                            &pv->host_flush);
            nr = 0;
        }

        if ( perms && !nr )
        {
            first = pfn;
            run_perms = perms;
        }
        nr += !!perms;
    }

    rc = rc ?: change_run(d, restore, first, nr, run_perms, &pv->host_flush);

    flush_rc = iommu_op_host_flush(d, pv);
    rc = flush_rc ?: rc;
    if ( !rc )
        pv->host_next = end;

    return rc;
}

/* One step towards @goal; the states tell where the last one came to. */
static int change_host_map(struct domain *d, struct iommu_op_domain *pv,
                           enum host_map goal, enum host_map on_the_way)
{
    int rc;

    if ( pv->host == goal )
        return 0;

    if ( pv->host != on_the_way )
    {
        ACCESS_ONCE(pv->host) = on_the_way;
        pv->host_next = 0;
    }

    /* What a preempted claim found vacant may be mapped now. */
    pv->claim_bfn = NO_CLAIM;

    rc = change_piece(d, pv, goal == HOST_present);
    if ( rc )
        return rc;

    if ( pv->host_next < max_pdx )
        return -EAGAIN;

    ACCESS_ONCE(pv->host) = goal;

    return 0;
}

int iommu_op_host_drop(struct domain *d, struct iommu_op_domain *pv)
{
    if ( atomic_read(&pv->noref) )
        return -EBUSY;

    return change_host_map(d, pv, HOST_dropped, HOST_dropping);
}

int iommu_op_host_restore(struct domain *d, struct iommu_op_domain *pv)
{
    unsigned int i;

    for ( i = 0; i < pv->nr_claims; i++ )
        if ( pv->claim[i]->in_host )
            return -EBUSY;

    return change_host_map(d, pv, HOST_present, HOST_restoring);
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
