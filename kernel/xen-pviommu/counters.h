/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Counters: per CPU, summed by a read. The counters that each device has come
 * first; a total is the sum of the devices' counts, and of counts without a device.
 */
#ifndef _XEN_PVIOMMU_COUNTERS_H
#define _XEN_PVIOMMU_COUNTERS_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "counter_list.h"

enum pviommu_counter {
	PVIOMMU_COUNTER_LIST(PVIOMMU_COUNTER_NUMBER, PVIOMMU_COUNTER_NONE)
	PVIOMMU_DEVICE_COUNTERS,	/* number of these */

	PVIOMMU_LAST_OF_DEVICE = PVIOMMU_DEVICE_COUNTERS - 1,
	PVIOMMU_COUNTER_LIST(PVIOMMU_COUNTER_NONE, PVIOMMU_COUNTER_NUMBER)
	PVIOMMU_COUNTERS		/* number of all */
};

struct pviommu_counters {
	u64 value[PVIOMMU_COUNTERS];
};

struct pviommu_device_counters {
	u64 value[PVIOMMU_DEVICE_COUNTERS];
};

DECLARE_PER_CPU(struct pviommu_counters, pviommu_counters);

extern const char *const pviommu_counter_names[PVIOMMU_COUNTERS];

static inline void pviommu_count(enum pviommu_counter which, u64 n)
{
	this_cpu_add(pviommu_counters.value[which], n);
}

/* counters.c */
u64 pviommu_counter_sum(enum pviommu_counter which);

#endif /* _XEN_PVIOMMU_COUNTERS_H */
