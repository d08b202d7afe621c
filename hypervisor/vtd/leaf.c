/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leaf.c: PV-IOMMU's leaf tables in a domain's table, and whether a unit
 * translates a device by the table.
 */
#include <xen/domain_page.h>
#include <xen/iommu.h>
#include <xen/pci.h>
#include <xen/sched.h>
#include <public/iommu_op.h>

#include "dmar.h"
#include "leaf.h"

void cf_check intel_iommu_leaf_info(struct domain *d,
                                    struct iommu_leaf_info *info)
{
    const struct domain_iommu *hd = dom_iommu(d);
    const struct acpi_drhd_unit *drhd;
    unsigned int width = agaw_to_width(hd->arch.vtd.agaw);

    /* Of all units: a unit's first device may be plugged in later. */
    for_each_drhd_unit ( drhd )
    {
        const struct vtd_iommu *iommu = drhd->iommu;

        width = min_t(unsigned int, width, cap_mgaw(iommu->cap));
        width = min(width, level_to_offset_bits(iommu->nr_pt_levels + 1));

        if ( cap_caching_mode(iommu->cap) || cap_rwbf(iommu->cap) )
            info->flush_added = IOMMU_FLUSHF_added;
    }

    if ( rwbf_quirk )
        info->flush_added = IOMMU_FLUSHF_added;

    info->bfn_bits = width - PAGE_SHIFT_4K;
    info->entry_bits = iommu_snoop ? DMA_PTE_SNP : 0;
    info->read = DMA_PTE_READ;
    info->write = DMA_PTE_WRITE;
    info->kind_shift = 59;
}

/* See leaf_vacant in struct iommu_ops; the caller holds the mapping lock. */
static unsigned int vacant_order(struct domain_iommu *hd, dfn_t dfn)
{
    unsigned int level = agaw_to_level(hd->arch.vtd.agaw);
    uint64_t maddr = hd->arch.vtd.pgd_maddr;

    ASSERT(spin_is_locked(&hd->arch.mapping_lock));

    for ( ; maddr && level > 1; level-- )
    {
        const struct dma_pte *table = map_vtd_domain_page(maddr);
        struct dma_pte pte = table[address_level_offset(dfn_to_daddr(dfn),
                                                        level)];

        unmap_vtd_domain_page(table);

        if ( !dma_pte_present(pte) )
            return (level - 1) * LEVEL_STRIDE;

        if ( dma_pte_superpage(pte) )
            break;

        maddr = dma_pte_addr(pte);
    }

    return maddr ? 0 : level * LEVEL_STRIDE;
}

unsigned int cf_check intel_iommu_leaf_vacant(struct domain *d, dfn_t dfn)
{
    struct domain_iommu *hd = dom_iommu(d);
    unsigned int order;

    spin_lock(&hd->arch.mapping_lock);
    order = vacant_order(hd, dfn);
    spin_unlock(&hd->arch.mapping_lock);

    return order;
}

struct page_info *cf_check intel_iommu_leaf_attach(struct domain *d, dfn_t dfn)
{
    struct domain_iommu *hd = dom_iommu(d);
    struct page_info *pg = NULL;
    unsigned int flush_flags = 0;
    uint64_t maddr;
    void *table;

    spin_lock(&hd->arch.mapping_lock);

    if ( !vacant_order(hd, dfn) )
        goto out;

    maddr = addr_to_dma_page_maddr(d, dfn_to_daddr(dfn), 1, &flush_flags, true);
    if ( maddr < PAGE_SIZE )
        goto out;

    /* A claim keeps no contiguity markers, and a free entry is 0. */
    pg = maddr_to_page(maddr);
    table = __map_domain_page(pg);
    clear_page(table);
    iommu_sync_cache(table, PAGE_SIZE);
    unmap_domain_page(table);

 out:
    spin_unlock(&hd->arch.mapping_lock);

    return pg;
}

void cf_check intel_iommu_leaf_detach(struct domain *d, dfn_t dfn)
{
    unsigned int flush_flags = 0;

    /* The unmap of one entry of the next level frees the table. */
    if ( iommu_call(dom_iommu(d)->platform_ops, unmap_page, d, dfn,
                    LEVEL_STRIDE, &flush_flags) )
        ASSERT_UNREACHABLE();
}

/* Does @iommu translate requests of @bus and @devfn with @d's own table? */
static bool context_translates(struct domain *d, struct vtd_iommu *iommu,
                               uint8_t bus, uint8_t devfn)
{
    struct domain_iommu *hd = dom_iommu(d);
    struct context_entry context = {};
    paddr_t maddr, root;

    ASSERT(pcidevs_locked());

    spin_lock(&iommu->lock);
    maddr = bus_to_context_maddr(iommu, bus);
    if ( maddr )
    {
        const struct context_entry *entries = map_vtd_domain_page(maddr);

        context = entries[devfn];
        unmap_vtd_domain_page(entries);
    }
    spin_unlock(&iommu->lock);

    if ( !context_present(context) ||
         context_translation_type(context) == CONTEXT_TT_PASS_THRU )
        return false;

    spin_lock(&hd->arch.mapping_lock);
    root = domain_pgd_maddr(d, 0, iommu->nr_pt_levels);
    spin_unlock(&hd->arch.mapping_lock);

    return context_address_root(context) == root &&
           context_domain_id(context) ==
           get_iommu_did(d->domain_id, iommu, false);
}

/*
 * A device's requests bear its id or a phantom function's, behind a bridge to
 * conventional PCI also the bridge's. domain_context_mapping() made a context
 * entry for each id.
 */
unsigned int cf_check intel_iommu_leaf_device(struct domain *d,
                                              const struct pci_dev *pdev)
{
    const struct acpi_drhd_unit *drhd = acpi_find_matched_drhd_unit(pdev);
    struct vtd_iommu *iommu = drhd ? drhd->iommu : NULL;
    uint8_t bus = pdev->bus, devfn = pdev->devfn, secbus;
    int rc;

    if ( !iommu )
        return XEN_IOMMUOP_DEVICE_no_unit;

    /* iommu_enable_translation() may have left it off. */
    if ( !(dmar_readl(iommu->reg, DMAR_GSTS_REG) & DMA_GSTS_TES) )
        return XEN_IOMMUOP_DEVICE_unit_off;

    /* Flushes go to these units only. */
    if ( !test_bit(iommu->index, dom_iommu(d)->arch.vtd.iommu_bitmap) )
        return XEN_IOMMUOP_DEVICE_other_table;

    do {
        if ( !context_translates(d, iommu, bus, devfn) )
            return XEN_IOMMUOP_DEVICE_other_table;
        devfn += pdev->phantom_stride;
    } while ( devfn != pdev->devfn &&
              PCI_SLOT(devfn) == PCI_SLOT(pdev->devfn) );

    devfn = pdev->devfn;
    rc = pdev->type == DEV_TYPE_PCI
         ? find_upstream_bridge(pdev->seg, &bus, &devfn, &secbus) : 0;
    if ( !rc )
        return XEN_IOMMUOP_DEVICE_ok;

    if ( rc < 0 || !context_translates(d, iommu, bus, devfn) ||
         (pdev_type(pdev->seg, bus, devfn) == DEV_TYPE_PCIe2PCI_BRIDGE &&
          !context_translates(d, iommu, secbus, 0)) )
        return XEN_IOMMUOP_DEVICE_other_table;

    return XEN_IOMMUOP_DEVICE_ok;
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
