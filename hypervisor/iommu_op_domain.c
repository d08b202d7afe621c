/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_domain.c: the state of a domain that uses the PV-IOMMU hypercall,
 * its limits, its reserved ranges, and the sums over its vCPUs.
 */
#include <xen/init.h>
#include <xen/lib.h>
#include <xen/nospec.h>
#include <xen/param.h>
#include <xen/xmalloc.h>

#include "iommu_op_batch.h"

DEFINE_PERCPU_RWLOCK_GLOBAL(iommu_op_rwlock);
DEFINE_PERCPU_RWLOCK_GLOBAL(iommu_op_rmap_rwlock);

/* iommu-op=generic: as for drivers without leaf tables. See is_direct(). */
static bool __read_mostly opt_generic;

static int __init cf_check parse_iommu_op(const char *s)
{
    if ( strcmp(s, "generic") )
        return -EINVAL;

    opt_generic = true;

    return 0;
}
custom_param("iommu-op", parse_iommu_op);

/* The interrupt address range: DMA there is an interrupt, not memory. */
#define MSI_FIRST 0xfee00
#define MSI_NR    0x100

/* Note a range for query_reserved, unless it is part of a noted one. */
static void add_range(struct iommu_op_domain *pv, uint64_t bfn, uint64_t nr,
                      uint32_t type)
{
    unsigned int i;

    for ( i = 0; i < pv->nr_reserved; i++ )
        if ( bfn >= pv->reserved[i].bfn &&
             bfn + nr <= pv->reserved[i].bfn + pv->reserved[i].nr )
            return;

    pv->reserved[pv->nr_reserved++] = (struct iommu_op_reserved){
        .bfn = bfn,
        .nr = nr,
        .type = type,
    };
}

/*
 * Both callbacks return 1. VT-d then gives a range once, not once for each of
 * its devices. AMD-Vi asks for each device, by an empty range, whether its
 * ranges are wanted.
 */
static int cf_check count_reserved(xen_pfn_t start, xen_ulong_t nr, u32 id,
                                   void *ctxt)
{
    unsigned int *count = ctxt;

    if ( nr )
        ++*count;

    return 1;
}

static int cf_check add_reserved(xen_pfn_t start, xen_ulong_t nr, u32 id,
                                 void *ctxt)
{
    if ( nr )
        add_range(ctxt, start, nr, XEN_IOMMUOP_RESERVED_rmrr);

    return 1;
}

/* Where DMA is no memory access, and ranges of firmware's, fixed at boot. */
static int reserved_init(struct iommu_op_domain *pv,
                         const struct iommu_leaf_info *info)
{
    unsigned int count = 2;
    int rc = iommu_get_reserved_device_memory(count_reserved, &count);

    if ( rc )
        return rc;

    pv->reserved = xzalloc_array(struct iommu_op_reserved, count);
    if ( !pv->reserved )
        return -ENOMEM;

    add_range(pv, MSI_FIRST, MSI_NR, XEN_IOMMUOP_RESERVED_msi);
    if ( info->message_nr )
        add_range(pv, info->message_bfn, info->message_nr,
                  XEN_IOMMUOP_RESERVED_msi);

    return iommu_get_reserved_device_memory(add_reserved, pv);
}

/* Each window may map all memory once; no device needs more than a few. */
static unsigned int max_tables(void)
{
    return 4 * (total_pages / LEAF_FRAMES) + 1024;
}

/*
 * Does iommu_op write the entries of the domain's table? Otherwise there are
 * shadow entries, and iommu_map().
 */
static bool is_direct(const struct domain *d)
{
    return !opt_generic && dom_iommu(d)->platform_ops->leaf_attach;
}

/* Shadow entries have the driver's format as well. */
static void set_format(struct iommu_op_domain *pv,
                       const struct iommu_leaf_info *info)
{
    unsigned int i;

    ASSERT(info->kind_shift == KIND_LOW || info->kind_shift == KIND_HIGH);
    pv->kind_shift = info->kind_shift;
    pv->kept = kind_bits(KIND_MASK, info->kind_shift) | ENTRY_ADDRESS;
    pv->gone = kind_bits(KIND_YIELDED, info->kind_shift);

    for ( i = 1; i <= ACCESS_MASK; i++ )
    {
        pv->access[i] = info->entry_bits |
                        (i & XEN_IOMMUOP_MAP_read ? info->read : 0) |
                        (i & XEN_IOMMUOP_MAP_write ? info->write : 0);
        pv->yielding[i] = pv->access[i] |
                          kind_bits(KIND_YIELD, info->kind_shift);
    }
}

static void free_domain(struct iommu_op_domain *pv)
{
    xfree(pv->reserved);
    xfree(pv);
}

/* Make the state of @d; NULL when there is no memory. */
static struct iommu_op_domain *make_domain(struct domain *d)
{
    struct domain_iommu *hd = dom_iommu(d);
    struct iommu_op_domain *pv, *other;
    struct iommu_leaf_info info = {};

    pv = xzalloc_flex_struct(struct iommu_op_domain, batch, d->max_vcpus);
    if ( !pv )
        return NULL;

    percpu_rwlock_resource_init(&pv->lock, iommu_op_rwlock);
    percpu_rwlock_resource_init(&pv->rmap_lock, iommu_op_rmap_rwlock);

    iommu_vcall(hd->platform_ops, leaf_info, d, &info);
    pv->bfn_bits = info.bfn_bits;
    pv->direct = is_direct(d);
    set_format(pv, &info);
    pv->flush_added = info.flush_added;
    pv->max_tables = max_tables();
    pv->nr_vcpus = d->max_vcpus;

    if ( reserved_init(pv, &info) )
    {
        free_domain(pv);
        return NULL;
    }

    /* Full barrier: the pointer is seen after the memory behind. */
    other = cmpxchgptr(&hd->arch.pv, NULL, pv);
    if ( other )
    {
        free_domain(pv);
        pv = other;
    }

    return pv;
}

/*
 * Make the batch of @v, the current vCPU, for its first op, and the state of
 * its domain if missing; NULL without memory. The caller is the only writer of
 * the pointer.
 */
struct iommu_op_batch *iommu_op_batch_make(const struct vcpu *v)
{
    struct domain *d = v->domain;
    struct iommu_op_domain *pv = ACCESS_ONCE(dom_iommu(d)->arch.pv);
    struct iommu_op_batch *b;

    if ( !pv )
        pv = make_domain(d);
    if ( !pv )
        return NULL;

    b = xzalloc(struct iommu_op_batch);
    if ( !b )
        return NULL;

    b->d = d;
    b->pv = pv;
    b->pending = pending_bits(vcpu_tag(v));
    b->usual = kind_bits(KIND_YIELD, pv->kind_shift) | b->pending;
    b->owner = virt_to_pdx(d);

    /* Its contents before the pointer; pairs with iommu_op_usage(). */
    smp_wmb();
    ACCESS_ONCE(pv->batch[v->vcpu_id]) = b;

    return b;
}

/* The part of a query's answer about @d, which is not refused. */
void iommu_op_limits(struct domain *d, struct xen_iommu_op_query *q)
{
    const struct iommu_op_domain *pv = ACCESS_ONCE(dom_iommu(d)->arch.pv);
    struct iommu_leaf_info info = {};

    iommu_vcall(dom_iommu(d)->platform_ops, leaf_info, d, &info);
    q->bfn_bits = info.bfn_bits;
    q->max_tables = max_tables();
    q->caps = is_direct(d) ? XEN_IOMMUOP_CAP_leaf | XEN_IOMMUOP_CAP_yield : 0;

    /* No op could drop the host map before the first op. */
    if ( !pv || ACCESS_ONCE(pv->host) == HOST_present )
        q->caps |= XEN_IOMMUOP_CAP_host_map;
}

int iommu_op_query_reserved(const struct iommu_op_domain *pv,
                            struct xen_iommu_op_reserved *r)
{
    const struct iommu_op_reserved *res;

    if ( r->index >= pv->nr_reserved )
        return -ENOENT;

    res = &pv->reserved[array_index_nospec(r->index, pv->nr_reserved)];
    r->type = res->type;
    r->bfn = res->bfn;
    r->nr = res->nr;

    return 0;
}

/*
 * Claims stay as they are: the caller has the domain's lock. The numbers of
 * frames move on while other vCPUs' batches run.
 */
void iommu_op_usage(const struct iommu_op_domain *pv,
                    struct xen_iommu_op_usage *u)
{
    long mapped = 0;
    unsigned int i;

    for ( i = 0; i < pv->nr_vcpus; i++ )
    {
        /* Pairs with the barrier in iommu_op_batch_make(). */
        const struct iommu_op_batch *b = ACCESS_ONCE(pv->batch[i]);

        if ( b )
            mapped += read_atomic(&b->mapped);
    }

    *u = (struct xen_iommu_op_usage){
        .claims = pv->nr_claims,
        .tables = atomic_read(&pv->tables),
        .mapped = max(mapped, 0L),
        .yielded = atomic_read(&pv->yielded),
    };
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
