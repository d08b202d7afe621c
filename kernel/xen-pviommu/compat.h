/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that differs between kernel versions. No other file looks at the version.
 */
#ifndef _XEN_PVIOMMU_COMPAT_H
#define _XEN_PVIOMMU_COMPAT_H

#include <linux/version.h>

#ifdef __KERNEL__ /* the harness in userspace has none of this */

/*
 * The commands of io_uring: 6.7 gave them a header, and the SQE itself. Later the
 * payload became a macro with a type.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#include <linux/io_uring/cmd.h>
#ifdef io_uring_sqe_cmd
#define pviommu_uring_payload(c, type)	io_uring_sqe_cmd((c)->sqe, type)
#else
#define pviommu_uring_payload(c, type)	io_uring_sqe_cmd((c)->sqe)
#endif
#else
#include <linux/io_uring.h>
#define pviommu_uring_payload(c, type)	((c)->cmd)
#endif

/* Linux 6.1 completes no command that returns a positive number. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define pviommu_uring_done(c, ret, flags)	(ret)
#else
static inline int pviommu_uring_done(struct io_uring_cmd *c, int ret,
				     unsigned int flags)
{
	if (ret <= 0)
		return ret;
	io_uring_cmd_done(c, ret, 0, flags);

	return -EIOCBQUEUED;
}
#endif

#endif /* __KERNEL__ */

/*
 * Single mappings by physical address. Since 6.18 one op has memory and BARs, which
 * DMA_ATTR_MMIO tells apart; before, pages and resources had ops of their own.
 * PVIOMMU_DEFINE_PHYS_OPS(name, ram, mmio, unmap) makes them of functions by physical
 * address, PVIOMMU_PHYS_OPS(name) puts them into a struct dma_map_ops.
 * pviommu_ops_map() and _unmap() call those of other ops.
 */
#ifdef __KERNEL__
#include <linux/dma-map-ops.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define PVIOMMU_DEFINE_PHYS_OPS(name, ram, mmio, unmap)			\
static dma_addr_t name##_map_phys(struct device *dev, phys_addr_t phys,	\
				  size_t size,				\
				  enum dma_data_direction dir,		\
				  unsigned long attrs)			\
{									\
	if (unlikely(attrs & DMA_ATTR_MMIO))				\
		return mmio(dev, phys, size, dir, attrs);		\
									\
	return ram(dev, phys, size, dir, attrs);			\
}

#define PVIOMMU_PHYS_OPS(name, unmap)					\
	.map_phys = name##_map_phys,					\
	.unmap_phys = (unmap),

static inline bool pviommu_ops_can_map(const struct dma_map_ops *ops,
				       unsigned long attrs)
{
	return true;
}

static inline dma_addr_t pviommu_ops_map(const struct dma_map_ops *ops,
					 struct device *dev, phys_addr_t phys,
					 size_t size,
					 enum dma_data_direction dir,
					 unsigned long attrs)
{
	return ops->map_phys(dev, phys, size, dir, attrs);
}

static inline void pviommu_ops_unmap(const struct dma_map_ops *ops,
				     struct device *dev, dma_addr_t addr,
				     size_t size, enum dma_data_direction dir,
				     unsigned long attrs)
{
	if (ops->unmap_phys)
		ops->unmap_phys(dev, addr, size, dir, attrs);
}
#else
#define DMA_ATTR_MMIO	BIT(10)

#define PVIOMMU_DEFINE_PHYS_OPS(name, ram, mmio, unmap)			\
static dma_addr_t name##_map_page(struct device *dev, struct page *page, \
				  unsigned long offset, size_t size,	\
				  enum dma_data_direction dir,		\
				  unsigned long attrs)			\
{									\
	return ram(dev, page_to_phys(page) + offset, size, dir, attrs);	\
}									\
									\
static dma_addr_t name##_map_resource(struct device *dev,		\
				      phys_addr_t phys, size_t size,	\
				      enum dma_data_direction dir,	\
				      unsigned long attrs)		\
{									\
	return mmio(dev, phys, size, dir, attrs | DMA_ATTR_MMIO);	\
}									\
									\
static void name##_unmap_resource(struct device *dev, dma_addr_t addr,	\
				  size_t size,				\
				  enum dma_data_direction dir,		\
				  unsigned long attrs)			\
{									\
	unmap(dev, addr, size, dir, attrs | DMA_ATTR_MMIO);		\
}

#define PVIOMMU_PHYS_OPS(name, unmap)					\
	.map_page = name##_map_page,					\
	.unmap_page = (unmap),						\
	.map_resource = name##_map_resource,				\
	.unmap_resource = name##_unmap_resource,

static inline bool pviommu_ops_can_map(const struct dma_map_ops *ops,
				       unsigned long attrs)
{
	return !(attrs & DMA_ATTR_MMIO) || ops->map_resource;
}

static inline dma_addr_t pviommu_ops_map(const struct dma_map_ops *ops,
					 struct device *dev, phys_addr_t phys,
					 size_t size,
					 enum dma_data_direction dir,
					 unsigned long attrs)
{
	if (attrs & DMA_ATTR_MMIO)
		return ops->map_resource(dev, phys, size, dir,
					 attrs & ~DMA_ATTR_MMIO);

	return ops->map_page(dev, pfn_to_page(PHYS_PFN(phys)),
			     offset_in_page(phys), size, dir, attrs);
}

static inline void pviommu_ops_unmap(const struct dma_map_ops *ops,
				     struct device *dev, dma_addr_t addr,
				     size_t size, enum dma_data_direction dir,
				     unsigned long attrs)
{
	if (attrs & DMA_ATTR_MMIO) {
		if (ops->unmap_resource)
			ops->unmap_resource(dev, addr, size, dir,
					    attrs & ~DMA_ATTR_MMIO);
	} else if (ops->unmap_page) {
		ops->unmap_page(dev, addr, size, dir, attrs);
	}
}
#endif
#endif /* __KERNEL__ */

/*
 * Buffers of many segments: 6.16 has calls for their segments, and kernel/patches makes
 * ops of the calls. In other kernels ours are compiled, and not asked.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
struct dma_iova_state {
	dma_addr_t addr;
	u64 __size;
};
#endif

#ifdef DMA_MAP_OPS_HAVE_IOVA
#define PVIOMMU_IOVA_OPS(name)						\
	.iova_try_alloc = name##_try_alloc,				\
	.iova_link = name##_link,					\
	.iova_sync = name##_sync,					\
	.iova_destroy = name##_destroy,
#else
#define PVIOMMU_IOVA_OPS(name)
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
 * Domains of the IOMMU API. By 6.12 a driver has one static domain of each kind that
 * maps nothing, and allocates the others; in 6.1 one call allocates all. Page sizes
 * went from the driver to the domain. 6.19 tells attach_dev the device's old domain.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define PVIOMMU_DEFINE_DOMAIN_OPS(name, paging, identity, blocked)
#define PVIOMMU_DOMAIN_OPS(name, paging, identity, blocked)		\
	.domain_alloc_paging = (paging),				\
	.identity_domain = &(identity),					\
	.blocked_domain = &(blocked),
#else
#define PVIOMMU_DEFINE_DOMAIN_OPS(name, paging, identity, blocked)	\
static struct iommu_domain *name##_domain_by_type(unsigned int type)	\
{									\
	switch (type) {							\
	case IOMMU_DOMAIN_UNMANAGED:					\
		return paging(NULL);					\
	case IOMMU_DOMAIN_IDENTITY:					\
		return &(identity);					\
	case IOMMU_DOMAIN_BLOCKED:					\
		return &(blocked);					\
	default:							\
		return NULL;						\
	}								\
}

#define PVIOMMU_DOMAIN_OPS(name, paging, identity, blocked)		\
	.domain_alloc = name##_domain_by_type,				\
	.pgsize_bitmap = SZ_4K,
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define PVIOMMU_ATTACH_DEV(name, domain, dev)				\
	name(struct iommu_domain *(domain), struct device *(dev),	\
	     struct iommu_domain *old)
#else
#define PVIOMMU_ATTACH_DEV(name, domain, dev)				\
	name(struct iommu_domain *(domain), struct device *(dev))
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
