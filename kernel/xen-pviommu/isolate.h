/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_ISOLATE_H
#define _XEN_PVIOMMU_ISOLATE_H

#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/types.h>

enum pviommu_host_map {
	PVIOMMU_HOST_WHOLE,
	PVIOMMU_HOST_HOLED,	/* on the way, or stuck there */
	PVIOMMU_HOST_DROPPED,
	PVIOMMU_HOST_MAPS
};

/* state.c */
extern enum pviommu_host_map pviommu_host_map __read_mostly;

/* Do devices reach each machine address of RAM? */
static inline bool pviommu_host_map_stands(void)
{
	return READ_ONCE(pviommu_host_map) == PVIOMMU_HOST_WHOLE;
}

/* Are devices held to what is mapped for them? */
static inline bool pviommu_isolated(void)
{
	return READ_ONCE(pviommu_host_map) == PVIOMMU_HOST_DROPPED;
}

/* isolate.c */
extern const char *const pviommu_host_map_names[PVIOMMU_HOST_MAPS];
int pviommu_isolate(bool on);
int pviommu_isolate_init(void);
void pviommu_isolate_exit(void);

#endif /* _XEN_PVIOMMU_ISOLATE_H */
