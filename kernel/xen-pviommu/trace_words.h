/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The words of tracepoints: names for trace.h. In a file of its own, because
 * trace.h is read many times over.
 */
#ifndef _XEN_PVIOMMU_TRACE_WORDS_H
#define _XEN_PVIOMMU_TRACE_WORDS_H

#include <linux/types.h>

/* The origin, or the destination, of a mapping. */
enum pviommu_by {
	PVIOMMU_BY_XEN,		/* a hypercall */
	PVIOMMU_BY_REUSE,	/* the mappings that idle */
	PVIOMMU_BY_STATIC,	/* the map of all memory */
	PVIOMMU_BY_QUEUE,	/* the unmaps that wait */
};

/* The fate of a chunk of BFNs. */
enum pviommu_chunk_fate {
	PVIOMMU_CHUNK_MADE,	/* and a CPU's, unless it is a large run */
	PVIOMMU_CHUNK_ADOPTED,	/* by a CPU */
	PVIOMMU_CHUNK_LEFT,	/* by it */
	PVIOMMU_CHUNK_RETIRED,
};

/* A hypercall: its ops, and their result. */
struct pviommu_call {
	unsigned int slots;
	unsigned int maps, unmaps, others;	/* ops */
	unsigned int mapped, unmapped;		/* frames, by ops without error */
	int status;				/* the first error, or 0 */
	u64 ns;
};

/* trace.c: with the first of map, unmap and reuse_hit, and behind the last. */
int pviommu_quick_leave(void);
void pviommu_quick_return(void);

#endif /* _XEN_PVIOMMU_TRACE_WORDS_H */
