/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_TRANSLATE_H
#define _XEN_PVIOMMU_TRANSLATE_H

struct pci_dev;

/* translate.c */
const char *pviommu_untranslated(struct pci_dev *pdev);

#endif /* _XEN_PVIOMMU_TRANSLATE_H */
