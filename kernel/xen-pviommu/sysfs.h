/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_SYSFS_H
#define _XEN_PVIOMMU_SYSFS_H

struct device;

/* sysfs.c */
int pviommu_sysfs_init(void);
void pviommu_sysfs_exit(void);
int pviommu_sysfs_add_device(struct device *dev);
void pviommu_sysfs_remove_device(struct device *dev);

#endif /* _XEN_PVIOMMU_SYSFS_H */
