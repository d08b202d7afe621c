/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between kernel versions. No other file looks at the version.
 */
#ifndef _XEN_PVIOMMU_COMPAT_H
#define _XEN_PVIOMMU_COMPAT_H

#include <linux/version.h>

/* The commands of io_uring: 6.7 gave them a header, and the SQE itself. */
#ifdef __KERNEL__ /* the harness in userspace has none */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#include <linux/io_uring/cmd.h>
#define pviommu_uring_payload(c)	io_uring_sqe_cmd((c)->sqe)
#else
#include <linux/io_uring.h>
#define pviommu_uring_payload(c)	((c)->cmd)
#endif
#endif

/* dma_map_ops.alloc_pages: 6.10 made room for a macro named alloc_pages. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define pviommu_op_alloc_pages	alloc_pages_op
#else
#define pviommu_op_alloc_pages	alloc_pages
#endif

/*
 * dma_map_ops.alloc_noncontiguous: 6.12 asks drivers/iommu alone, and has the
 * handle there. Ours are compiled, and not asked.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#ifdef __KERNEL__
#include <linux/container_of.h>
#include <linux/scatterlist.h>

struct dma_sgt_handle {
	struct sg_table sgt;
	struct page **pages;
};

#define sgt_handle(table)						\
	container_of((table), struct dma_sgt_handle, sgt)
#endif
#define pviommu_op_noncontiguous(alloc, free)
#else
#define pviommu_op_noncontiguous(alloc, free)				\
	.alloc_noncontiguous = (alloc),					\
	.free_noncontiguous = (free),
#endif

/* __assign_str(): 6.10 remembers the source since __string(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define pviommu_assign_str(dst, src)	__assign_str(dst)
#else
#define pviommu_assign_str(dst, src)	__assign_str(dst, src)
#endif

/*
 * Until 6.8 a bus names its IOMMU driver, and iommu_device_unregister() leaves
 * the name behind.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define pviommu_bus_forget(bus)	((bus)->iommu_ops = NULL)
#else
#define pviommu_bus_forget(bus)	((void)(bus))
#endif

#endif /* _XEN_PVIOMMU_COMPAT_H */
