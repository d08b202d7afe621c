/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * All counters, in the order of pviommuctl's output: file in sysfs, name in enum
 * pviommu_counter, help. DEVICE: each device has its own, too. MODULE: the module
 * alone has the counter.
 */
#ifndef _XEN_PVIOMMU_COUNTER_LIST_H
#define _XEN_PVIOMMU_COUNTER_LIST_H

#define PVIOMMU_COUNTER_LIST(DEVICE, MODULE)				\
	DEVICE(maps, MAPS, "DMA mappings made; a scatterlist counts once.") \
	DEVICE(unmaps, UNMAPS, "DMA mappings taken down.")		\
	DEVICE(pages_mapped, PAGES_MAPPED,				\
	       "BFNs in successful map ops.")				\
	DEVICE(pages_unmapped, PAGES_UNMAPPED,				\
	       "BFNs in successful unmap ops.")			\
	MODULE(hypercalls, HYPERCALLS, "Calls to Xen.")			\
	MODULE(ops, OPS, "Ops in calls to Xen.")			\
	MODULE(flushes, FLUSHES,					\
	       "Calls with an unmap in their batch; each has an IOTLB flush.") \
	MODULE(flush_strict, FLUSH_STRICT,				\
	       "Flushes because an unmap could not wait.")		\
	MODULE(flush_ride, FLUSH_RIDE,					\
	       "Flushes because a map took along waiting unmaps.")	\
	MODULE(flush_full, FLUSH_FULL,					\
	       "Flushes because the queue was full.")			\
	MODULE(flush_timer, FLUSH_TIMER,				\
	       "Flushes because an unmap had waited long enough.")	\
	MODULE(flush_pressure, FLUSH_PRESSURE,				\
	       "Flushes because BFNs were short.")			\
	MODULE(flush_request, FLUSH_REQUEST,				\
	       "Flushes because a device, CPU or file left, or flush was written.") \
	MODULE(queued, QUEUED,						\
	       "Waiting unmaps, at once or after their mapping idled.")	\
	DEVICE(reuse_hits, REUSE_HITS,					\
	       "Idle mappings that were reused.")			\
	DEVICE(reuse_misses, REUSE_MISSES,				\
	       "Candidates for reuse without an idle mapping.")		\
	DEVICE(fallbacks, FALLBACKS,					\
	       "Mappings by xen-swiotlb for a served device.")		\
	DEVICE(static_hits, STATIC_HITS,				\
	       "Mappings by the static map.")				\
	DEVICE(static_misses, STATIC_MISSES,				\
	       "Mappings beyond the static map.")			\
	DEVICE(static_renewed, STATIC_RENEWED,				\
	       "Pages that came back into the static map.")		\
	MODULE(errors, ERRORS, "Ops refused by Xen.")			\
	DEVICE(leaked, LEAKED,						\
	       "BFNs never used again: a device may still have them in a cache.") \
	DEVICE(stale, STALE,						\
	       "BFNs without their page, which was freed under a driver's mapping.") \
	DEVICE(revoked, REVOKED,					\
	       "Leftovers of a driver that were taken from its device.")

/* The list's entries: of an enum, of an array of names, none. */
#define PVIOMMU_COUNTER_NUMBER(file, name, help)	PVIOMMU_##name,
#define PVIOMMU_COUNTER_FILE(file, name, help)	[PVIOMMU_##name] = #file,
#define PVIOMMU_COUNTER_NONE(file, name, help)

#endif /* _XEN_PVIOMMU_COUNTER_LIST_H */
