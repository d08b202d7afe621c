/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _XEN_PVIOMMU_ISOLATE_H
#define _XEN_PVIOMMU_ISOLATE_H

#include <linux/types.h>

/* The host map is dropped, or about to be: machine addresses reach nothing. */
extern bool pviommu_isolated __read_mostly;

/* isolate.c */
int pviommu_isolate(bool on);
int pviommu_restore_host_map(void);

#endif /* _XEN_PVIOMMU_ISOLATE_H */
