/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leaf_flush.c: the flush of PV-IOMMU's leaf tables, by VT-d's queue of
 * invalidations.
 */
#include <xen/iommu.h>
#include <xen/sched.h>
#include <xen/vmap.h>

#include "dmar.h"
#include "leaf.h"

/* A wait descriptor's status, which the hardware writes. */
enum { POLL_waiting, POLL_done };

void qinval_map(struct vtd_iommu *iommu)
{
    mfn_t mfn = maddr_to_mfn(iommu->qinval_maddr);

    iommu->qinval = __vmap(&mfn,
                           PFN_DOWN(qi_entry_nr * sizeof(struct qinval_entry)),
                           1, 1, PAGE_HYPERVISOR, VMAP_DEFAULT);
}

/*
 * Of a page-selective invalidation, all but the domain and the address; or 0,
 * also where a graphics device's own unit may need a quirk around each flush.
 */
uint64_t qinval_leaf(const struct vtd_iommu *iommu)
{
    const struct qinval_entry entry = {
        .q.iotlb_inv_dsc.lo = {
            .type = TYPE_INVAL_IOTLB,
            .granu = DMA_TLB_PSI_FLUSH >> DMA_TLB_FLUSH_GRANU_OFFSET,
            .dr = cap_read_drain(iommu->cap),
            .dw = cap_write_drain(iommu->cap),
        },
    };

    return iommu->qinval && cap_pgsel_inv(iommu->cap) &&
           !is_igd_drhd(iommu->drhd) ? entry.q.val.lo : 0;
}

/* Where the next two descriptors go. Called with register_lock held. */
static unsigned int qinval_next_pair(struct vtd_iommu *iommu)
{
    unsigned int tail = iommu->qinval_tail;

    /*
     * The ring is full when one entry is left. Free entries stay free: each
     * taker of an entry reads the head, too.
     */
    while ( unlikely(((iommu->qinval_head - tail - 1) &
                      (qi_entry_nr - 1)) < 2) )
    {
        qinval_read_head(iommu);
        cpu_relax();
    }

    return tail;
}

/*
 * A page-selective invalidation and its wait descriptor, under one lock and by
 * one write of the tail.
 */
static int __must_check qinval_iotlb_sync(struct vtd_iommu *iommu, uint16_t did,
                                          uint64_t addr, uint8_t order)
{
    static DEFINE_PER_CPU(uint32_t, poll_slot);
    static DEFINE_PER_CPU(paddr_t, poll_maddr);
    uint32_t *slot = &this_cpu(poll_slot);
    unsigned int index, spins = 0;
    unsigned long flags;

    if ( unlikely(!this_cpu(poll_maddr)) )
        this_cpu(poll_maddr) = virt_to_maddr(slot);

    spin_lock_irqsave(&iommu->register_lock, flags);
    ACCESS_ONCE(*slot) = POLL_waiting;

    index = qinval_next_pair(iommu);
    iommu->qinval[index].q.val.lo = iommu->qinval_leaf | ((uint64_t)did << 16);
    iommu->qinval[index].q.val.hi = addr | order;

    index = (index + 1) & (qi_entry_nr - 1);
    iommu->qinval[index] = (struct qinval_entry){
        .q.inv_wait_dsc.lo = {
            .type = TYPE_INVAL_WAIT,
            .sw = 1,
            .fn = 1,
            .sdata = POLL_done,
        },
        .q.inv_wait_dsc.hi.saddr = this_cpu(poll_maddr),
    };

    index = (index + 1) & (qi_entry_nr - 1);
    iommu->qinval_tail = index;
    dmar_writel(iommu->reg, DMAR_IQT_REG, index * sizeof(struct qinval_entry));
    spin_unlock_irqrestore(&iommu->register_lock, flags);

    /* As in queue_invalidate_wait(): without the status there is no way on. */
    while ( ACCESS_ONCE(*slot) != POLL_done )
    {
        if ( ++spins == 1U << 24 )
            printk(XENLOG_WARNING VTDPREFIX
                   " IOMMU#%u: an invalidation takes too long\n", iommu->index);
        cpu_relax();
    }

    return 0;
}

int __must_check cf_check intel_iommu_leaf_flush(struct domain *d, dfn_t dfn,
                                                 unsigned int order)
{
    const struct domain_iommu *hd = dom_iommu(d);
    const struct acpi_drhd_unit *drhd;
    int ret = 0;

    for_each_drhd_unit ( drhd )
    {
        struct vtd_iommu *iommu = drhd->iommu;
        int did, rc;

        if ( !test_bit(iommu->index, hd->arch.vtd.iommu_bitmap) )
            continue;

        /* More is due on this unit, or less is possible: flush all units. */
        if ( unlikely(!iommu->qinval_leaf) ||
             unlikely(order > cap_max_amask_val(iommu->cap)) ||
             unlikely(!list_empty(&iommu->ats_devices)) )
            return iommu_call(hd->platform_ops, iotlb_flush, d, dfn,
                              1UL << order, IOMMU_FLUSHF_modified);

        did = get_iommu_did(d->domain_id, iommu, !d->is_dying);
        if ( did == -1 )
            continue;

        rc = qinval_iotlb_sync(iommu, did, dfn_to_daddr(dfn), order);
        ret = ret ?: rc;
    }

    return ret;
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
