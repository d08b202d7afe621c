/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leaf.h: the VT-d driver's part of PV-IOMMU.
 */
#ifndef VTD_LEAF_H
#define VTD_LEAF_H

#include "iommu.h"
#include "extern.h"

/* leaf.c and leaf_flush.c: see struct iommu_ops */
void cf_check intel_iommu_leaf_info(struct domain *d,
                                    struct iommu_leaf_info *info);
unsigned int cf_check intel_iommu_leaf_vacant(struct domain *d, dfn_t dfn);
struct page_info *cf_check intel_iommu_leaf_attach(struct domain *d, dfn_t dfn);
void cf_check intel_iommu_leaf_detach(struct domain *d, dfn_t dfn);
int __must_check cf_check intel_iommu_leaf_flush(struct domain *d, dfn_t dfn,
                                                 unsigned int order);
unsigned int cf_check intel_iommu_leaf_device(struct domain *d,
                                              const struct pci_dev *pdev);

/* leaf_flush.c */
#ifdef CONFIG_IOMMU_OP

/* Map @iommu's queue, which has just been allocated, for good. */
void qinval_map(struct vtd_iommu *iommu);

/* The value of @iommu->qinval_leaf while the queue is enabled. */
uint64_t qinval_leaf(const struct vtd_iommu *iommu);

#else

static inline void qinval_map(struct vtd_iommu *iommu) {}

static inline uint64_t qinval_leaf(const struct vtd_iommu *iommu)
{
    return 0;
}

#endif

/* Called with register_lock held. */
static inline unsigned int qinval_read_head(struct vtd_iommu *iommu)
{
    iommu->qinval_head = dmar_readl(iommu->reg, DMAR_IQH_REG) /
                         sizeof(struct qinval_entry);

    return iommu->qinval_head;
}

#endif /* VTD_LEAF_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
