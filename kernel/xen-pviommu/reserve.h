/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_RESERVE_H
#define _XEN_PVIOMMU_RESERVE_H

/* reserve.c */
int pviommu_reserve_init(void);
void pviommu_reserve_exit(void);

#endif /* _XEN_PVIOMMU_RESERVE_H */
