/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_RESERVE_H
#define _XEN_PVIOMMU_RESERVE_H

#include <linux/types.h>

/* reserve.c */
int pviommu_reserve_init(void);
void pviommu_reserve_exit(void);
bool pviommu_reserve_fill(void);

#endif /* _XEN_PVIOMMU_RESERVE_H */
