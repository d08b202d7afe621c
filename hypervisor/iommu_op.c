/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op.c: the PV-IOMMU hypercall. A PV hardware domain edits its own IOMMU
 * map; public/iommu_op.h has the interface. Here: the batch, from the guest's
 * array to its statuses.
 */
#include <xen/event.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/percpu.h>
#include <xen/trace.h>
#include <xsm/xsm.h>

#include "iommu_op_single.h"

/* Why @d may not use any op but query. */
static noinline unsigned int refusal_reason(const struct domain *d)
{
    if ( xsm_iommu_op(XSM_PRIV) )
        return XEN_IOMMUOP_WHY_xsm;

    /* With hardware_dom= domain 0 will lose that part, and can't give back. */
    if ( !is_pv_domain(d) || !is_hardware_domain(d) ||
         d->domain_id != hardware_domid )
        return XEN_IOMMUOP_WHY_not_pv;

    if ( !is_iommu_enabled(d) )
        return XEN_IOMMUOP_WHY_no_iommu;

    if ( iommu_hwdom_passthrough )
        return XEN_IOMMUOP_WHY_passthrough;

    if ( need_iommu_pt_sync(d) )
        return XEN_IOMMUOP_WHY_maintained;

    if ( !dom_iommu(d)->platform_ops->leaf_info )
        return XEN_IOMMUOP_WHY_driver;

    return XEN_IOMMUOP_WHY_ok;
}

static int refusal_errno(unsigned int why)
{
    switch ( why )
    {
    case XEN_IOMMUOP_WHY_ok:
        return 0;

    case XEN_IOMMUOP_WHY_xsm:
    case XEN_IOMMUOP_WHY_not_pv:
        return -EPERM;

    case XEN_IOMMUOP_WHY_maintained:
        return -EACCES;

    default:
        return -EOPNOTSUPP;
    }
}

static bool all_zero(const struct xen_iommu_op *op, unsigned int from)
{
    unsigned int i;

    for ( i = from; i < ARRAY_SIZE(op->u.none.pad); i++ )
        if ( op->u.none.pad[i] )
            return false;

    return true;
}

static int query_op(struct domain *d, unsigned int why, struct xen_iommu_op *op)
{
    if ( op->flags || !all_zero(op, 0) )
        return -EINVAL;

    op->u.query = (struct xen_iommu_op_query){
        .magic = XEN_IOMMUOP_MAGIC,
        .version = XEN_IOMMUOP_VERSION,
        .max_ops = XEN_IOMMUOP_MAX_OPS,
        .max_frames = XEN_IOMMUOP_MAX_FRAMES,
        .claim_frames = XEN_IOMMUOP_CLAIM_FRAMES,
        .why = why,
    };

    if ( why == XEN_IOMMUOP_WHY_ok )
        iommu_op_limits(d, &op->u.query);

    return 0;
}

static bool range_is_valid(const struct xen_iommu_op_range *r)
{
    return !r->ctx && !r->pad0 && !r->pad1 && r->nr;
}

/*
 * Flush and settle the batch so far. -ERESTART: other work waits, and the op is
 * called again.
 */
static int settle_before(struct iommu_op_batch *b)
{
    bool owed = b->owed;

    iommu_op_settle(b);

    return owed && hypercall_preempt_check() ? -ERESTART : 0;
}

/*
 * Ops that change claims or the host map exclude all others, so the batch so
 * far is settled first.
 */
static int control_op(struct iommu_op_batch *b, struct xen_iommu_op *op)
{
    struct iommu_op_domain *pv = b->pv;
    struct domain *d = b->d;
    int rc = settle_before(b);

    if ( rc )
        return rc;

    rc = -EINVAL;
    percpu_write_lock(iommu_op_rwlock, &pv->lock);

    switch ( op->op )
    {
    case XEN_IOMMUOP_claim:
        if ( !op->flags && range_is_valid(&op->u.range) )
            rc = iommu_op_claim(d, pv, &op->u.range);
        break;

    case XEN_IOMMUOP_release:
        if ( !(op->flags & ~XEN_IOMMUOP_RELEASE_unmap) &&
             range_is_valid(&op->u.range) )
            rc = iommu_op_release(b, &op->u.range,
                                  op->flags & XEN_IOMMUOP_RELEASE_unmap);
        break;

    case XEN_IOMMUOP_watch:
        if ( !op->flags )
            rc = iommu_op_watch(d, pv, &op->u.watch);
        break;

    case XEN_IOMMUOP_revoke:
        if ( !op->flags && range_is_valid(&op->u.range) &&
             op->u.range.nr <= XEN_IOMMUOP_MAX_FRAMES )
            rc = iommu_op_revoke_range(b, &op->u.range);
        break;

    case XEN_IOMMUOP_drop_host_map:
        if ( !op->flags && all_zero(op, 0) )
            rc = iommu_op_host_drop(d, pv);
        break;

    case XEN_IOMMUOP_restore_host_map:
        if ( !op->flags && all_zero(op, 0) )
            rc = iommu_op_host_restore(d, pv);
        break;
    }

    percpu_write_unlock(iommu_op_rwlock, &pv->lock);

    return rc;
}

    /* A read: others may go on, but the sums have the batch's own ops. */
static int usage_op(struct iommu_op_batch *b, struct xen_iommu_op *op)
{
    int rc;

    if ( op->flags || !all_zero(op, 0) )
        return -EINVAL;

    rc = settle_before(b);
    if ( rc )
        return rc;

    iommu_op_lock(b);
    iommu_op_usage(b->pv, &op->u.usage);

    return 0;
}

    /* The MFNs are in the slots behind the op, with 0 in the unused words. */
static int map_list(struct iommu_op_batch *b, const struct xen_iommu_op *op,
                    unsigned int slots)
{
    const uint64_t *list = (const uint64_t *)(op + 1);
    unsigned int i;

    BUILD_BUG_ON(sizeof(*op) != XEN_IOMMUOP_LIST_MFNS * sizeof(*list));

    if ( op->u.list.nr > slots * XEN_IOMMUOP_LIST_MFNS )
        return -EINVAL;

    for ( i = op->u.list.nr; i < slots * XEN_IOMMUOP_LIST_MFNS; i++ )
        if ( list[i] )
            return -EINVAL;

    if ( !b->locked )
        iommu_op_lock(b);

    return iommu_op_map_list(b, &op->u.list, op->flags, list);
}

/* Ops on the entries of claims. */
static int entry_op(struct iommu_op_batch *b, const struct xen_iommu_op *op)
{
    const struct xen_iommu_op_range *r = &op->u.range;

    if ( !b->locked )
        iommu_op_lock(b);

    if ( op->op == XEN_IOMMUOP_map )
        return iommu_op_map(b, &op->u.map, op->flags);

    if ( !range_is_valid(r) || r->nr > XEN_IOMMUOP_MAX_FRAMES )
        return -EINVAL;

    if ( op->op == XEN_IOMMUOP_unmap )
        return op->flags & ~XEN_IOMMUOP_UNMAP_defer
               ? -EINVAL
               : iommu_op_unmap(b, r, op->flags & XEN_IOMMUOP_UNMAP_defer);

    return op->flags ? -EINVAL : iommu_op_flush(b, r);
}

static int query_reserved(const struct iommu_op_batch *b,
                          struct xen_iommu_op *op)
{
    if ( op->flags || op->u.reserved.type || !all_zero(op, 1) )
        return -EINVAL;

    return iommu_op_query_reserved(b->pv, &op->u.reserved);
}

    /*
     * No lock of iommu_op is held while the op waits for that of PCI devices.
     */
static int query_device(struct iommu_op_batch *b, struct xen_iommu_op *op)
{
    struct xen_iommu_op_device *q = &op->u.device;
    int rc;

    if ( op->flags || q->why || q->pad0[0] || q->pad0[1] || q->pad0[2] ||
         !all_zero(op, 1) )
        return -EINVAL;

    rc = settle_before(b);

    return rc ?: iommu_op_query_device(b->d, q);
}

/* @slots of its list are behind the op. */
static noinline int rare_op(struct iommu_op_batch *b, struct xen_iommu_op *op,
                            unsigned int slots)
{
    switch ( op->op )
    {
    case XEN_IOMMUOP_map_list:
        return map_list(b, op, slots);

    case XEN_IOMMUOP_query:
        return query_op(b->d, XEN_IOMMUOP_WHY_ok, op);

    case XEN_IOMMUOP_query_reserved:
        return query_reserved(b, op);

    case XEN_IOMMUOP_query_device:
        return query_device(b, op);

    case XEN_IOMMUOP_claim:
    case XEN_IOMMUOP_release:
    case XEN_IOMMUOP_watch:
    case XEN_IOMMUOP_revoke:
    case XEN_IOMMUOP_drop_host_map:
    case XEN_IOMMUOP_restore_host_map:
        return control_op(b, op);

    case XEN_IOMMUOP_usage:
        return usage_op(b, op);

    default:
        return -EINVAL;
    }
}

static bool is_entry_op(const struct xen_iommu_op *op)
{
    return op->op >= XEN_IOMMUOP_map && op->op <= XEN_IOMMUOP_flush;
}

/*
 * Does other work wait, before @next? Between two looks the batch touches no
 * more than MAX_FRAMES: the frames of one op, and the frames to settle at the
 * batch's end. If the latter would become more, they are settled here.
 */
static inline bool must_stop(struct iommu_op_batch *b,
                             const struct xen_iommu_op *next)
{
    if ( hypercall_preempt_check() )
        return true;

    /* Ops without a number of frames settle by themselves: settle_before(). */
    if ( likely((uint64_t)next->u.range.nr + b->owed <=
                XEN_IOMMUOP_MAX_FRAMES) || !b->owed )
        return false;

    iommu_op_settle(b);

    return hypercall_preempt_check();
}

/*
 * Carry out ops until all are done, or other work waits. Returns the number of
 * finished slots: at least 1, unless the first op wants to be called again
 * (the op made progress of its own).
 */
static unsigned int run_batch(struct iommu_op_batch *b, unsigned int count)
{
    struct xen_iommu_op *op, *next, *end = b->ops + count;

    for ( op = b->ops; op < end; op = next )
    {
        int rc;

        if ( op != b->ops && must_stop(b, op) )
            break;

        b->op = op;
        next = op + 1;
        if ( likely(is_entry_op(op)) )
            rc = entry_op(b, op);
        else
        {
            next += iommu_op_list_slots(op, end - next);
            rc = rare_op(b, op, next - op - 1);
        }

        if ( rc == -ERESTART )
            break;

        op->status = rc;
    }

    iommu_op_settle(b);

    return op - b->ops;
}

/*
 * The IN fields go back as they were read; a lone status needs no company.
 * Reading them has checked the range.
 */
static bool copy_back(XEN_GUEST_HANDLE_PARAM(xen_iommu_op_t) uops,
                      const struct iommu_op_batch *b, unsigned int nr)
{
    return !(nr == 1 && is_entry_op(&b->ops[0])
             ? __copy_field_to_guest(uops, &b->ops[0], status)
             : __copy_to_guest(uops, b->ops, nr));
}

static long go_on(XEN_GUEST_HANDLE_PARAM(xen_iommu_op_t) uops,
                  unsigned int done, unsigned int count)
{
    guest_handle_add_offset(uops, done);

    return hypercall_create_continuation(__HYPERVISOR_iommu_op, "hi",
                                         uops, count - done);
}

/*
 * Answer a caller without a batch, op by op: @error, but for query, which
 * always answers.
 */
static long refuse_ops(XEN_GUEST_HANDLE_PARAM(xen_iommu_op_t) uops,
                       unsigned int count, unsigned int why, int error)
{
    struct xen_iommu_op op;
    unsigned int done = 0;

    while ( done < count )
    {
        if ( done && hypercall_preempt_check() )
            return go_on(uops, done, count);

        if ( copy_from_guest_offset(&op, uops, done, 1) )
            return -EFAULT;

        if ( op.op == XEN_IOMMUOP_query )
            op.status = query_op(current->domain, why, &op);
        else
            op.status = op.op && op.op < XEN_IOMMUOP_OPS ? error : -EINVAL;

        if ( __copy_to_guest_offset(uops, done, &op, 1) )
            return -EFAULT;

        done += 1 + iommu_op_list_slots(&op, count - done - 1);
    }

    return 0;
}

static struct iommu_op_batch *batch_of(const struct vcpu *v)
{
    struct iommu_op_domain *pv = ACCESS_ONCE(dom_iommu(v->domain)->arch.pv);

    return likely(pv) ? pv->batch[v->vcpu_id] : NULL;
}

long do_iommu_op(XEN_GUEST_HANDLE_PARAM(xen_iommu_op_t) uops,
                 unsigned int count)
{
    const struct vcpu *curr = current;
    struct iommu_op_batch *b = batch_of(curr);
    unsigned int done;

    if ( !count )
        return 0;

    if ( count > XEN_IOMMUOP_MAX_OPS )
        return -E2BIG;

    /* Only XSM's answer may change once nothing else was against a domain. */
    if ( unlikely(!b) || xsm_iommu_op(XSM_PRIV) )
    {
        unsigned int why = refusal_reason(curr->domain);

        if ( why == XEN_IOMMUOP_WHY_ok && !b )
            b = iommu_op_batch_make(curr);
        if ( why != XEN_IOMMUOP_WHY_ok || !b )
            return refuse_ops(uops, count, why,
                              refusal_errno(why) ?: -ENOMEM);
    }

    if ( copy_from_guest(b->ops, uops, count) )
        return -EFAULT;

    done = run_batch(b, count);
    if ( unlikely(tb_init_done) )
        iommu_op_trace_batch(b, count, done);

    if ( done && !copy_back(uops, b, done) )
        return -EFAULT;

    return done == count ? 0 : go_on(uops, done, count);
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
