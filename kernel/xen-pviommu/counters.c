// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's own counters, of a CPU each. A device has its own: see device.h.
 */
#include <linux/cpumask.h>

#include "counters.h"

DEFINE_PER_CPU(struct pviommu_counters, pviommu_counters);

/* Without the devices' own: pviommu_devices_sum() has those. */
u64 pviommu_counter_sum(enum pviommu_counter which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(&pviommu_counters, cpu)->value[which]);

	return sum;
}

const char *const pviommu_counter_names[PVIOMMU_COUNTERS] = {
	PVIOMMU_COUNTER_LIST(PVIOMMU_COUNTER_FILE, PVIOMMU_COUNTER_FILE)
};
