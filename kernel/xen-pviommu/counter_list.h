/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * All counters, in the order in which pviommuctl shows them: file in sysfs, name
 * in enum pviommu_counter, help. DEVICE: each device has its own, too; a counter
 * of the module's is nobody else's.
 */
#ifndef _XEN_PVIOMMU_COUNTER_LIST_H
#define _XEN_PVIOMMU_COUNTER_LIST_H

#define PVIOMMU_COUNTER_LIST(DEVICE, MODULE)				\
	DEVICE(maps, MAPS, "DMA mappings made; a scatterlist is one.")	\
	DEVICE(unmaps, UNMAPS, "DMA mappings taken down.")		\
	DEVICE(pages_mapped, PAGES_MAPPED,				\
	       "BFNs in map ops that succeeded.")			\
	DEVICE(pages_unmapped, PAGES_UNMAPPED,				\
	       "BFNs in unmap ops that succeeded.")			\
	MODULE(hypercalls, HYPERCALLS, "Calls to Xen.")			\
	MODULE(ops, OPS, "Ops in calls to Xen.")			\
	MODULE(flushes, FLUSHES,					\
	       "Calls with an unmap in their batch, one IOTLB flush each.") \
	MODULE(flush_strict, FLUSH_STRICT,				\
	       "Flushes because an unmap could not wait.")		\
	MODULE(flush_ride, FLUSH_RIDE,					\
	       "Flushes because a map took along what waited.")		\
	MODULE(flush_full, FLUSH_FULL,					\
	       "Flushes because the queue was full.")			\
	MODULE(flush_timer, FLUSH_TIMER,				\
	       "Flushes because what waited had waited long enough.")	\
	MODULE(flush_pressure, FLUSH_PRESSURE,				\
	       "Flushes because BFNs were short.")			\
	MODULE(flush_request, FLUSH_REQUEST,				\
	       "Flushes because a device, CPU or file left, or flush was written.") \
	MODULE(queued, QUEUED,						\
	       "Unmaps that waited, at once or after their mapping idled.") \
	DEVICE(reuse_hits, REUSE_HITS,					\
	       "Mappings that were idle and taken again.")		\
	DEVICE(reuse_misses, REUSE_MISSES,				\
	       "Mappings that could have been taken again and were not there.") \
	DEVICE(fallbacks, FALLBACKS,					\
	       "Mappings that xen-swiotlb made for a device of ours.")	\
	DEVICE(static_hits, STATIC_HITS,				\
	       "Mappings that the static map served.")			\
	DEVICE(static_misses, STATIC_MISSES,				\
	       "Mappings that the static map could not serve.")		\
	DEVICE(static_renewed, STATIC_RENEWED,				\
	       "Pages that the static map had lost, and has again.")	\
	MODULE(errors, ERRORS, "Ops that Xen refused.")			\
	DEVICE(leaked, LEAKED,						\
	       "BFNs that are never used again, as devices may not have forgotten them.") \
	DEVICE(stale, STALE,						\
	       "BFNs that lost their page, which was freed while a driver had it mapped.") \
	DEVICE(revoked, REVOKED,					\
	       "Mappings that were taken from a device, as its driver had gone and left them.")

/* Entries that the list makes: of an enum, of an array of names, none. */
#define PVIOMMU_COUNTER_NUMBER(file, name, help)	PVIOMMU_##name,
#define PVIOMMU_COUNTER_FILE(file, name, help)	[PVIOMMU_##name] = #file,
#define PVIOMMU_COUNTER_NONE(file, name, help)

#endif /* _XEN_PVIOMMU_COUNTER_LIST_H */
