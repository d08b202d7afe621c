/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_REFUSE_H
#define _XEN_PVIOMMU_REFUSE_H

#include <linux/types.h>

struct device;
struct pci_dev;

/* refuse.c */
bool pviommu_refuse(struct pci_dev *pdev, const char *why);
bool pviommu_refused(const struct device *dev);
bool pviommu_refuse_no_more(struct device *dev);

#endif /* _XEN_PVIOMMU_REFUSE_H */
