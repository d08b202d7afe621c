/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Tracepoints. docs/tracepoints.md has their meaning; their names and fields are an
 * interface. Each stands beside its counter, so their numbers are the
 * counters' own.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xen_pviommu

#if !defined(_XEN_PVIOMMU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _XEN_PVIOMMU_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

#ifdef __KERNEL__ /* libpviommu takes nothing that is GPL-2.0-only */
#include "compat.h"
#endif
#include "counters.h"
#include "trace_words.h"

TRACE_DEFINE_ENUM(PVIOMMU_BY_XEN);
TRACE_DEFINE_ENUM(PVIOMMU_BY_REUSE);
TRACE_DEFINE_ENUM(PVIOMMU_BY_STATIC);
TRACE_DEFINE_ENUM(PVIOMMU_BY_QUEUE);
TRACE_DEFINE_ENUM(PVIOMMU_FLUSH_STRICT);
TRACE_DEFINE_ENUM(PVIOMMU_FLUSH_RIDE);
TRACE_DEFINE_ENUM(PVIOMMU_FLUSH_FULL);
TRACE_DEFINE_ENUM(PVIOMMU_FLUSH_TIMER);
TRACE_DEFINE_ENUM(PVIOMMU_FLUSH_PRESSURE);
TRACE_DEFINE_ENUM(PVIOMMU_FLUSH_REQUEST);
TRACE_DEFINE_ENUM(PVIOMMU_CHUNK_MADE);
TRACE_DEFINE_ENUM(PVIOMMU_CHUNK_ADOPTED);
TRACE_DEFINE_ENUM(PVIOMMU_CHUNK_LEFT);
TRACE_DEFINE_ENUM(PVIOMMU_CHUNK_RETIRED);

#define show_pviommu_by(by)						\
	__print_symbolic(by,						\
			 { PVIOMMU_BY_XEN, "xen" },			\
			 { PVIOMMU_BY_REUSE, "reuse" },			\
			 { PVIOMMU_BY_STATIC, "static" },		\
			 { PVIOMMU_BY_QUEUE, "queue" })

#define show_pviommu_reason(reason)					\
	__print_symbolic(reason,					\
			 { PVIOMMU_FLUSH_STRICT, "strict" },		\
			 { PVIOMMU_FLUSH_RIDE, "ride" },		\
			 { PVIOMMU_FLUSH_FULL, "full" },		\
			 { PVIOMMU_FLUSH_TIMER, "timer" },		\
			 { PVIOMMU_FLUSH_PRESSURE, "pressure" },	\
			 { PVIOMMU_FLUSH_REQUEST, "request" })

#define show_pviommu_fate(fate)						\
	__print_symbolic(fate,						\
			 { PVIOMMU_CHUNK_MADE, "made" },		\
			 { PVIOMMU_CHUNK_ADOPTED, "adopted" },		\
			 { PVIOMMU_CHUNK_LEFT, "left" },		\
			 { PVIOMMU_CHUNK_RETIRED, "retired" })

DECLARE_EVENT_CLASS(pviommu_mapping,
	TP_PROTO(const struct device *dev, u64 bfn, unsigned long pages,
		 enum pviommu_by by),
	TP_ARGS(dev, bfn, pages, by),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u64, bfn)
		__field(u32, pages)
		__field(u8, by)
	),
	TP_fast_assign(
		pviommu_assign_str(dev, dev_name(dev));
		__entry->bfn = bfn;
		__entry->pages = pages;
		__entry->by = by;
	),
	TP_printk("dev=%s bfn=%#llx pages=%u by=%s", __get_str(dev),
		  __entry->bfn, __entry->pages, show_pviommu_by(__entry->by))
);

DEFINE_EVENT_FN(pviommu_mapping, pviommu_map,
	TP_PROTO(const struct device *dev, u64 bfn, unsigned long pages,
		 enum pviommu_by by),
	TP_ARGS(dev, bfn, pages, by),
	pviommu_quick_leave, pviommu_quick_return
);

DEFINE_EVENT_FN(pviommu_mapping, pviommu_unmap,
	TP_PROTO(const struct device *dev, u64 bfn, unsigned long pages,
		 enum pviommu_by by),
	TP_ARGS(dev, bfn, pages, by),
	pviommu_quick_leave, pviommu_quick_return
);

DEFINE_EVENT_FN(pviommu_mapping, pviommu_reuse_hit,
	TP_PROTO(const struct device *dev, u64 bfn, unsigned long pages,
		 enum pviommu_by by),
	TP_ARGS(dev, bfn, pages, by),
	pviommu_quick_leave, pviommu_quick_return
);

TRACE_EVENT(pviommu_fallback,
	TP_PROTO(const struct device *dev),
	TP_ARGS(dev),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
	),
	TP_fast_assign(
		pviommu_assign_str(dev, dev_name(dev));
	),
	TP_printk("dev=%s", __get_str(dev))
);

TRACE_EVENT(pviommu_batch,
	TP_PROTO(const struct pviommu_call *call),
	TP_ARGS(call),
	TP_STRUCT__entry(
		__field(u16, slots)
		__field(u16, maps)
		__field(u16, unmaps)
		__field(u16, others)
		__field(u32, mapped)
		__field(u32, unmapped)
		__field(s32, status)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->slots = call->slots;
		__entry->maps = call->maps;
		__entry->unmaps = call->unmaps;
		__entry->others = call->others;
		__entry->mapped = call->mapped;
		__entry->unmapped = call->unmapped;
		__entry->status = call->status;
		__entry->ns = call->ns;
	),
	TP_printk("slots=%u maps=%u unmaps=%u others=%u mapped=%u unmapped=%u status=%d ns=%llu",
		  __entry->slots, __entry->maps, __entry->unmaps,
		  __entry->others, __entry->mapped, __entry->unmapped,
		  __entry->status, __entry->ns)
);

TRACE_EVENT(pviommu_flush,
	TP_PROTO(enum pviommu_counter reason, unsigned int waited),
	TP_ARGS(reason, waited),
	TP_STRUCT__entry(
		__field(u8, reason)
		__field(u32, waited)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->waited = waited;
	),
	TP_printk("reason=%s waited=%u", show_pviommu_reason(__entry->reason),
		  __entry->waited)
);

TRACE_EVENT(pviommu_chunk,
	TP_PROTO(u64 bfn, enum pviommu_chunk_fate fate),
	TP_ARGS(bfn, fate),
	TP_STRUCT__entry(
		__field(u64, bfn)
		__field(u8, fate)
	),
	TP_fast_assign(
		__entry->bfn = bfn;
		__entry->fate = fate;
	),
	TP_printk("bfn=%#llx fate=%s", __entry->bfn,
		  show_pviommu_fate(__entry->fate))
);

#endif /* _XEN_PVIOMMU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
