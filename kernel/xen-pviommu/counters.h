/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Counters: per CPU underneath, summed when they are read. Those that a device
 * has for itself come first; the total is theirs, and what is nobody's.
 */
#ifndef _XEN_PVIOMMU_COUNTERS_H
#define _XEN_PVIOMMU_COUNTERS_H

#include <linux/percpu.h>
#include <linux/types.h>

enum pviommu_counter {
	PVIOMMU_MAPS,		/* DMA mappings made, a scatterlist is one */
	PVIOMMU_UNMAPS,		/* and taken down */
	PVIOMMU_PAGES_MAPPED,	/* BFNs that map ops mapped */
	PVIOMMU_PAGES_UNMAPPED,	/* and unmap ops unmapped */
	PVIOMMU_FALLBACKS,	/* mappings that the base ops made */
	PVIOMMU_STATIC_HITS,	/* mappings that the static map served */
	PVIOMMU_STATIC_MISSES,	/* and those it could not */
	PVIOMMU_STATIC_RENEWED,	/* pages that it had lost, and has again */
	PVIOMMU_REUSE_HITS,	/* mappings that were idle, and taken again */
	PVIOMMU_REUSE_MISSES,	/* those that might have been, and were not */
	PVIOMMU_LEAKED,		/* BFNs that are never used again */
	PVIOMMU_STALE,		/* BFNs that yielded while a driver had them */
	PVIOMMU_REVOKED,	/* mappings of drivers that are gone, taken back */
	PVIOMMU_DEVICE_COUNTERS,

	PVIOMMU_HYPERCALLS = PVIOMMU_DEVICE_COUNTERS,
	PVIOMMU_OPS,		/* ops in those */
	PVIOMMU_QUEUED,		/* unmaps that waited, at once or after idling */
	PVIOMMU_FLUSHES,	/* hypercalls with an unmap in their batch: */
	PVIOMMU_FLUSH_STRICT,	/* an unmap that could not wait */
	PVIOMMU_FLUSH_RIDE,	/* a map took along what waited */
	PVIOMMU_FLUSH_FULL,	/* the queue was full */
	PVIOMMU_FLUSH_TIMER,	/* what waited had waited long enough */
	PVIOMMU_FLUSH_PRESSURE,	/* BFNs were short */
	PVIOMMU_FLUSH_REQUEST,	/* a device, CPU or file left, or the user said so */
	PVIOMMU_ERRORS,		/* ops that Xen refused */
	PVIOMMU_COUNTERS
};

struct pviommu_counters {
	u64 value[PVIOMMU_COUNTERS];
};

struct pviommu_device_counters {
	u64 value[PVIOMMU_DEVICE_COUNTERS];
};

DECLARE_PER_CPU(struct pviommu_counters, pviommu_counters);

static inline void pviommu_count(enum pviommu_counter which, u64 n)
{
	this_cpu_add(pviommu_counters.value[which], n);
}

/* counters.c */
u64 pviommu_counter_sum(enum pviommu_counter which);

#endif /* _XEN_PVIOMMU_COUNTERS_H */
