/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_SYSFS_H
#define _XEN_PVIOMMU_SYSFS_H

struct attribute_group;

/* sysfs.c */
int pviommu_sysfs_init(void);
void pviommu_sysfs_exit(void);
extern const struct attribute_group pviommu_device_group;

#endif /* _XEN_PVIOMMU_SYSFS_H */
