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

#include "iommu.h"

/* HyperTransport's messages, from 0xfd00000000 to 1 TiB. */
#define HT_FIRST 0xfd00000UL
#define HT_NR    0x300000UL

void cf_check amd_iommu_leaf_info(struct domain *d,
                                  struct iommu_leaf_info *info)
{
    const struct domain_iommu *hd = dom_iommu(d);
    struct amd_iommu *iommu;

    info->entry_bits = (union amd_iommu_pte){ .pr = true, .fc = true }.raw;
    info->read = (union amd_iommu_pte){ .ir = true }.raw;
    info->write = (union amd_iommu_pte){ .iw = true }.raw;
    info->kind_shift = 2;

    /* IOMMU_FLUSHF_added makes this driver flush nothing. */
    for_each_amd_iommu ( iommu )
        if ( iommu_has_cap(iommu, PCI_CAP_NP_CACHE_SHIFT) )
            info->flush_added = IOMMU_FLUSHF_modified;

    /* Each unit has these levels: amd_iommu_max_paging_mode. */
    info->bfn_bits = min(PTE_PER_TABLE_SHIFT * hd->arch.amd.paging_mode,
                         64U - PAGE_SHIFT);

    if ( !(HT_FIRST >> info->bfn_bits) )
    {
        info->message_bfn = HT_FIRST;
        info->message_nr = HT_NR;
    }
}

/* See leaf_vacant in struct iommu_ops; the caller holds the mapping lock. */
static unsigned int vacant_order(struct domain_iommu *hd, unsigned long dfn)
{
    mfn_t mfn = page_to_mfn(hd->arch.amd.root_table);
    unsigned int order = PTE_PER_TABLE_SHIFT * hd->arch.amd.paging_mode;

    ASSERT(spin_is_locked(&hd->arch.mapping_lock));

    while ( (order -= PTE_PER_TABLE_SHIFT) )
    {
        const union amd_iommu_pte *table = map_domain_page(mfn);
        union amd_iommu_pte pte = table[(dfn >> order) % PTE_PER_TABLE_SIZE];

        unmap_domain_page(table);

        if ( !pte.pr )
            return order;

        if ( !pte.next_level )
            return 0;

        mfn = _mfn(pte.mfn);
    }

    return 0;
}

unsigned int cf_check amd_iommu_leaf_vacant(struct domain *d, dfn_t dfn)
{
    struct domain_iommu *hd = dom_iommu(d);
    unsigned int order;

    spin_lock(&hd->arch.mapping_lock);
    order = vacant_order(hd, dfn_x(dfn));
    spin_unlock(&hd->arch.mapping_lock);

    return order;
}

struct page_info *cf_check amd_iommu_leaf_attach(struct domain *d, dfn_t dfn)
{
    struct domain_iommu *hd = dom_iommu(d);
    struct page_info *pg = NULL;
    unsigned int flush_flags = 0;
    unsigned long mfn;

    spin_lock(&hd->arch.mapping_lock);

    if ( !vacant_order(hd, dfn_x(dfn)) ||
         iommu_pde_from_dfn(d, dfn_x(dfn), 1, &mfn, &flush_flags, true) )
        goto out;

    /* A claim keeps no contiguity markers, and a free entry is 0. */
    clear_domain_page(_mfn(mfn));
    pg = mfn_to_page(_mfn(mfn));

 out:
    spin_unlock(&hd->arch.mapping_lock);

    return pg;
}

void cf_check amd_iommu_leaf_detach(struct domain *d, dfn_t dfn)
{
    unsigned int flush_flags = 0;

    /* The unmap of one entry of the next level frees the table. */
    if ( iommu_call(dom_iommu(d)->platform_ops, unmap_page, d, dfn,
                    PTE_PER_TABLE_SHIFT, &flush_flags) )
        ASSERT_UNREACHABLE();
}

/* Does @iommu translate requests of a requester id with @d's own table? */
static bool entry_translates(const struct domain *d,
                             const struct amd_iommu *iommu, unsigned int id)
{
    const struct domain_iommu *hd = dom_iommu(d);
    const struct amd_iommu_dte *table = iommu->dev_table.buffer;
    const struct amd_iommu_dte *dte = &table[id];

    /* Entries change under this lock. */
    ASSERT(pcidevs_locked());

    return dte->v && dte->tv && dte->ir && dte->iw &&
           dte->domain_id == d->domain_id &&
           dte->paging_mode == hd->arch.amd.paging_mode &&
           dte->pt_root == mfn_x(page_to_mfn(hd->arch.amd.root_table));
}

/*
 * A device's requests bear its id or a phantom function's, or the alias that
 * firmware gives for one of them.
 */
unsigned int cf_check amd_iommu_leaf_device(struct domain *d,
                                            const struct pci_dev *pdev)
{
    const struct ivrs_mappings *mappings = get_ivrs_mappings(pdev->seg);
    uint8_t devfn = pdev->devfn;
    const struct amd_iommu *iommu =
        mappings && pdev->sbdf.bdf < ivrs_bdf_entries
        ? mappings[pdev->sbdf.bdf].iommu : NULL;

    if ( !iommu )
        return XEN_IOMMUOP_DEVICE_no_unit;

    if ( !iommu->enabled )
        return XEN_IOMMUOP_DEVICE_unit_off;

    do {
        unsigned int id = get_dma_requestor_id(pdev->seg,
                                               PCI_BDF(pdev->bus, devfn));

        if ( !entry_translates(d, iommu, id) )
            return XEN_IOMMUOP_DEVICE_other_table;
        devfn += pdev->phantom_stride;
    } while ( devfn != pdev->devfn &&
              PCI_SLOT(devfn) == PCI_SLOT(pdev->devfn) );

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
