/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_host.c: drop and restore of the host map.
 *
 * The host map is arch_iommu_hwdom_init()'s map of conventional RAM, and
 * memory_add()'s of later RAM. Ranges that firmware reserved are no part of
 * the host map here: their devices always need them.
 *
 * Both directions go through all frames, a piece an op, with the domain's lock
 * held for writing. The caller comes back for the next piece, and its kernel
 * can run other work meanwhile. host_next is the start of the next piece.
 */
#include <xen/event.h>
#include <xen/lib.h>
#include <xen/rangeset.h>
#include <asm/e820.h>

#include "iommu_op.h"

/*
 * Frames an op, and frames between two looks at other work, which end the op
 * early. The generic functions take over a thousand instructions for each
 * single frame. Both numbers are whole leaf tables, so a superpage of the host
 * map comes and goes as one: in parts it would need a table meanwhile.
 */
#define PIECE XEN_IOMMUOP_MAX_FRAMES
#define LOOK  XEN_IOMMUOP_LEAST_PIECE

/* RAM that was added since boot, unknown to the e820 map. NULL: none. */
static struct rangeset *__read_mostly hot_added;

static bool is_hot_added(unsigned long pfn)
{
    struct rangeset *added = ACCESS_ONCE(hot_added);

    return added && rangeset_contains_singleton(added, pfn);
}

/* The access to the frame by a standing host map: IOMMUF_*, 0 for none. */
static unsigned int host_perms(const struct iommu_op_domain *pv,
                               const struct domain *d, unsigned long pfn)
{
    unsigned int i;

    bool added = is_hot_added(pfn);

    if ( !added && page_get_ram_type(_mfn(pfn)) != RAM_TYPE_CONVENTIONAL )
        return 0;

    for ( i = 0; i < pv->nr_reserved; i++ )
        if ( pfn - pv->reserved[i].bfn < pv->reserved[i].nr )
            return 0;

    /* Claimed without the host map, in an unfinished change. */
    if ( iommu_op_find_claim(pv, pfn, 1) )
        return 0;

    return added ? IOMMUF_readable | IOMMUF_writable
                 : arch_iommu_hwdom_perms(d, pfn);
}

/* Might any of the range be part of the host map? */
bool iommu_op_host_overlaps(const struct xen_iommu_op_range *r)
{
    return r->bfn <= max_page;
}

/*
 * Flush the changes: 0, or -EIO. A failed flush stays due: a second attempt
 * finds nothing left to change, and would not flush by itself.
 */
int iommu_op_host_flush(struct domain *d, struct iommu_op_domain *pv)
{
    if ( iommu_op_flush_all(d, pv->host_flush) )
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
           ? iommu_map_any(d, _dfn(first), _mfn(first), nr, perms, flush_flags)
           : iommu_unmap_any(d, _dfn(first), nr, 0, flush_flags);
}

/* Change the host map in pdx [from, to): 0, or an error. */
static int change_range(struct domain *d, struct iommu_op_domain *pv,
                        bool restore, unsigned long from, unsigned long to)
{
    unsigned long i, first = 0, nr = 0;
    unsigned int run_perms = 0;
    int rc = 0;

    for ( i = from; !rc && i < to; i++ )
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

    return rc ?: change_run(d, restore, first, nr, run_perms, &pv->host_flush);
}

/* Change the next piece of the host map: 0, or an error. */
static int change_piece(struct domain *d, struct iommu_op_domain *pv,
                        bool restore)
{
    unsigned long end = min(pv->host_next + PIECE, max_pdx);
    unsigned long i = pv->host_next;
    int rc, flush_rc;

    do {
        unsigned long to = min(i + LOOK, end);

        rc = change_range(d, pv, restore, i, to);
        i = to;
    } while ( !rc && i < end && !general_preempt_check() );

    flush_rc = iommu_op_host_flush(d, pv);
    rc = flush_rc ?: rc;
    if ( !rc )
        pv->host_next = i;

    return rc;
}

/* One step towards @goal; the states tell the last step's end. */
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

    /* BFNs that a preempted claim found vacant may be mapped now. */
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
 * All other changes of @d's map in [dfn, dfn + nr) are between enter and
 * leave, which gets the state that enter locked: no claim comes meanwhile.
 * False for a range with a claimed BFN: the generic functions must not touch a
 * claim's tables. Without a state, NULL, no claim exists.
 */
bool iommu_op_enter(struct domain *d, dfn_t dfn, unsigned long nr,
                    struct iommu_op_domain **state)
{
    struct iommu_op_domain *pv = ACCESS_ONCE(dom_iommu(d)->arch.pv);

    *state = pv;
    if ( likely(!pv) )
        return true;

    percpu_read_lock(iommu_op_rwlock, &pv->lock);
    if ( likely(!iommu_op_is_claimed(pv, dfn_x(dfn), nr)) )
        return true;

    percpu_read_unlock(iommu_op_rwlock, &pv->lock);

    return false;
}

void iommu_op_leave(struct iommu_op_domain *pv)
{
    if ( unlikely(pv) )
        percpu_read_unlock(iommu_op_rwlock, &pv->lock);
}

/*
 * RAM [spfn, epfn) has been added: the RAM becomes part of a standing host
 * map, frame by frame by iommu_op_host_map(). -EBUSY: a claim stands there.
 */
int iommu_op_memory_add(struct domain *d, unsigned long spfn,
                        unsigned long epfn)
{
    struct iommu_op_domain *pv;
    int rc;

    if ( !iommu_op_enter(d, _dfn(spfn), epfn - spfn, &pv) )
        return -EBUSY;

    /* The caller has the only lock for hot-adding. */
    if ( !hot_added )
        hot_added = rangeset_new(NULL, "hot-added RAM", 0);
    rc = hot_added ? rangeset_add_range(hot_added, spfn, epfn - 1) : -ENOMEM;

    iommu_op_leave(pv);

    return rc;
}

/* The addition failed, and the RAM goes again; no map has the RAM. */
void iommu_op_memory_remove(unsigned long spfn, unsigned long epfn)
{
    if ( rangeset_remove_range(hot_added, spfn, epfn - 1) )
        printk(XENLOG_ERR "iommu_op: %#lx-%#lx is still taken for RAM\n",
               spfn, epfn - 1);
}

/*
 * Map a frame of added RAM in a standing host map. A drop or restore under way
 * takes care of the frame in its turn; but a restore may have passed the frame
 * already.
 */
int iommu_op_host_map(struct domain *d, unsigned long pfn)
{
    struct iommu_op_domain *pv;
    unsigned int flags = 0;
    int rc = 0;

    if ( !iommu_op_enter(d, _dfn(pfn), 1, &pv) )
        return -EBUSY;

    if ( !pv || pv->host == HOST_present || pv->host == HOST_restoring )
        rc = iommu_map_any(d, _dfn(pfn), _mfn(pfn), 1,
                           IOMMUF_readable | IOMMUF_writable, &flags) ?:
             iommu_iotlb_flush(d, _dfn(pfn), 1, flags);

    iommu_op_leave(pv);

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
