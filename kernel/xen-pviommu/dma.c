// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA operations: single buffers, and the masks of devices. An address outside
 * our windows comes from the base ops, and goes back to them. So both kinds can
 * be in flight.
 *
 * x86 is cache coherent: our mappings need no sync, and attributes for caches
 * or speed mean nothing here.
 */
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/pfn.h>

#include "base.h"
#include "compat.h"
#include "dma.h"
#include "dispatch.h"
#include "iova.h"

/*
 * Three functions: none saves registers for another, or makes the checks of
 * another. They are our outermost functions in a stack: by their prefix
 * pviommuctl knows where a driver's frames begin.
 */
static noinline dma_addr_t
pviommu_map_ram_new(struct device *dev, phys_addr_t phys, size_t size,
		    enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	dma_addr_t addr;

	if (likely(pviommu_device_ready(pd))) {
		addr = pviommu_map_slow(pd, phys, size,
					pviommu_limit(dev, dma_get_mask(dev)),
					pviommu_access(dir),
					pviommu_min_align(dev));
		if (likely(addr != DMA_MAPPING_ERROR))
			return addr;
	}

	return pviommu_base_map(pd, dev, phys, size, dir, attrs);
}

static noinline dma_addr_t
pviommu_map_ram_again(struct device *dev, phys_addr_t phys, size_t size,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	dma_addr_t addr;

	addr = pviommu_reuse_map(pd, phys, size,
				 pviommu_limit(dev, dma_get_mask(dev)),
				 pviommu_access(dir), pviommu_min_align(dev));
	if (likely(addr))
		return addr;

	return pviommu_map_ram_new(dev, phys, size, dir, attrs);
}

static noinline dma_addr_t
pviommu_map_ram_static(struct device *dev, phys_addr_t phys, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	dma_addr_t addr;

	addr = pviommu_map_static(pd, phys, size,
				  pviommu_limit(dev, dma_get_mask(dev)),
				  pviommu_access(dir));
	if (likely(addr))
		return addr;

	return pviommu_map_ram_new(dev, phys, size, dir, attrs);
}

static dma_addr_t pviommu_map_ram(struct device *dev, phys_addr_t phys,
				  size_t size, enum dma_data_direction dir,
				  unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	enum pviommu_mode mode = READ_ONCE(pd->mode);

	if (likely(READ_ONCE(pd->path) == PVIOMMU_PATH_OURS)) {
		if (mode == READ_ONCE(pviommu_quick.static_mode))
			return pviommu_map_ram_static(dev, phys, size, dir,
						      attrs);
		if (mode == READ_ONCE(pviommu_quick.reuse_mode))
			return pviommu_map_ram_again(dev, phys, size, dir,
						     attrs);
	}

	return pviommu_map_ram_new(dev, phys, size, dir, attrs);
}

static dma_addr_t pviommu_map_mmio(struct device *dev, phys_addr_t phys,
				   size_t size, enum dma_data_direction dir,
				   unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	dma_addr_t addr;

	if (likely(pviommu_device_ready(pd))) {
		addr = pviommu_map_dynamic(pd, phys, size,
					   pviommu_limit(dev, dma_get_mask(dev)),
					   pviommu_access(dir) |
					   XEN_IOMMUOP_MAP_mmio, 1);
		if (likely(addr != DMA_MAPPING_ERROR))
			return addr;
	}

	return pviommu_base_map(pd, dev, phys, size, dir, attrs);
}

static void pviommu_unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);

	if (likely(pviommu_is_ours(addr)))
		pviommu_unmap(pd, addr);
	else
		pviommu_base_unmap(pd, dev, addr, size, dir, attrs);
}

PVIOMMU_DEFINE_PHYS_OPS(pviommu, pviommu_map_ram, pviommu_map_mmio,
			pviommu_unmap_phys)

/* The static map needs no hypercall for a segment, so there is nothing to gather. */
bool pviommu_iova_try_alloc(struct device *dev, struct dma_iova_state *state,
			    phys_addr_t phys, size_t size)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	u64 limit = pviommu_limit(dev, dma_get_mask(dev));

	return pviommu_device_ready(pd) && pviommu_min_align(dev) == 1 &&
	       !pviommu_static_serves(pd, limit) &&
	       pviommu_links_alloc(pd, state, phys, size, limit);
}

int pviommu_iova_link(struct device *dev, struct dma_iova_state *state,
		      phys_addr_t phys, size_t offset, size_t size,
		      enum dma_data_direction dir, unsigned long attrs)
{
	if (unlikely(attrs & DMA_ATTR_MMIO))
		return -EOPNOTSUPP;

	return pviommu_links_add(state, phys, offset, size, pviommu_access(dir));
}

int pviommu_iova_sync(struct device *dev, struct dma_iova_state *state,
		      size_t offset, size_t size)
{
	if (unlikely(offset || size != state->__size))
		return -EOPNOTSUPP;

	return pviommu_links_map(to_pviommu_device(dev), state);
}

void pviommu_iova_destroy(struct device *dev, struct dma_iova_state *state,
			  size_t mapped, enum dma_data_direction dir,
			  unsigned long attrs)
{
	pviommu_links_free(to_pviommu_device(dev), state);
}

static void pviommu_sync_single_for_cpu(struct device *dev, dma_addr_t addr,
					size_t size,
					enum dma_data_direction dir)
{
	const struct dma_map_ops *base = to_pviommu_device(dev)->base;

	if (unlikely(!pviommu_is_ours(addr)) && base->sync_single_for_cpu)
		base->sync_single_for_cpu(dev, addr, size, dir);
}

static void pviommu_sync_single_for_device(struct device *dev, dma_addr_t addr,
					   size_t size,
					   enum dma_data_direction dir)
{
	const struct dma_map_ops *base = to_pviommu_device(dev)->base;

	if (unlikely(!pviommu_is_ours(addr)) && base->sync_single_for_device)
		base->sync_single_for_device(dev, addr, size, dir);
}

/*
 * A device is supported if a window lies under its mask. Otherwise the base ops
 * have to serve all of the device's mappings, and can while there is a host
 * map.
 */
static int pviommu_dma_supported(struct device *dev, u64 mask)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	u64 limit = pviommu_limit(dev, mask);

	if (READ_ONCE(pd->path) != PVIOMMU_PATH_BASE &&
	    pviommu_window_under(limit))
		return 1;
	if (!pviommu_base_usable()) {
		dev_err(dev, "DMA mask %#llx refused, it needs the host map, which is dropped\n",
			mask);
		return 0;
	}

	return pviommu_base_dma_supported(pd, dev, mask);
}

/*
 * Drivers choose descriptor formats by this mask: so the mask covers every
 * address that we may hand out. The base ops' addresses lie below the high
 * window.
 */
static u64 pviommu_get_required_mask(struct device *dev)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	u64 mask = pviommu_base_required_mask(pd, dev);
	u64 last;

	if (READ_ONCE(pd->path) == PVIOMMU_PATH_BASE)
		return mask;

	last = max(pviommu_high.last, pviommu_low.last);
	if (pd->mode == PVIOMMU_STATIC)
		last = max(last, pviommu_static.last);

	return mask | DMA_BIT_MASK(fls64(last));
}

/*
 * A driver asks once, and may count on the answer for ever: also when the
 * device is latched, and the base ops serve new mappings. So the answer is
 * theirs. Our ops can map more (PVIOMMU_DESC_MAX_NR), and do so when asked.
 */
static size_t pviommu_max_mapping_size(struct device *dev)
{
	return pviommu_base_max_size(to_pviommu_device(dev), dev);
}

/* Longer runs of BFNs are in no magazine: see BFN_CACHED_ORDERS. */
static size_t pviommu_opt_mapping_size(void)
{
	return PAGE_SIZE << (BFN_CACHED_ORDERS - 1);
}

/*
 * A driver that asks may count on lists with as few segments as possible.
 * Neither the static map nor the base ops merge entries.
 */
static unsigned long pviommu_get_merge_boundary(struct device *dev)
{
	struct pviommu_device *pd = to_pviommu_device(dev);

	if (READ_ONCE(pd->path) != PVIOMMU_PATH_OURS ||
	    READ_ONCE(pd->mode) == PVIOMMU_STATIC || pviommu_base_usable())
		return 0;

	return PAGE_SIZE - 1;
}

/* Copied into each device's struct: container_of() finds the struct again. */
const struct dma_map_ops pviommu_dma_ops = {
	.alloc = pviommu_alloc,
	.free = pviommu_free,
	.pviommu_op_alloc_pages = pviommu_alloc_pages,
	.free_pages = pviommu_free_pages,
	pviommu_op_noncontiguous(pviommu_alloc_noncontiguous,
				 pviommu_free_noncontiguous)
	.mmap = pviommu_mmap,
	.get_sgtable = pviommu_get_sgtable,
	PVIOMMU_PHYS_OPS(pviommu, pviommu_unmap_phys)
	PVIOMMU_IOVA_OPS(pviommu_iova)
	.map_sg = pviommu_map_sg,
	.unmap_sg = pviommu_unmap_sg,
	.sync_single_for_cpu = pviommu_sync_single_for_cpu,
	.sync_single_for_device = pviommu_sync_single_for_device,
	.sync_sg_for_cpu = pviommu_sync_sg_for_cpu,
	.sync_sg_for_device = pviommu_sync_sg_for_device,
	.dma_supported = pviommu_dma_supported,
	.get_required_mask = pviommu_get_required_mask,
	.max_mapping_size = pviommu_max_mapping_size,
	.opt_mapping_size = pviommu_opt_mapping_size,
	.get_merge_boundary = pviommu_get_merge_boundary,
};
