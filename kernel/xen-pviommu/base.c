// SPDX-License-Identifier: GPL-2.0-only
/*
 * The base ops: the device's ops without the module, xen-swiotlb. They serve all
 * that the module can't, and keep serving their own mappings.
 *
 * Their addresses are machine addresses: with the host map dropped nothing is
 * behind them, so that a new mapping fails then. How many of them live is
 * counted a device, as the host map must not go from under them.
 */
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "base.h"
#include "compat.h"
#include "isolate.h"
#include "trace.h"

bool pviommu_base_usable(void)
{
	return pviommu_host_map_stands();
}

/* A mapping was booked, and then failed. */
static void base_unbook(struct pviommu_device *pd)
{
	atomic_long_dec(&pd->base_live);
}

/*
 * A mapping ends: the driver's, or an uncounted mapping of an earlier driver. Where
 * earlier mappings may exist, all of the driver's count until the driver goes.
 */
static void base_ended(struct pviommu_device *pd)
{
	if (!READ_ONCE(pd->strangers))
		atomic_long_add_unless(&pd->base_live, -1, 0);
}

/* May the base ops make a mapping? Booked as made if they may. */
static bool base_book(struct pviommu_device *pd)
{
	atomic_long_inc(&pd->base_live);
	/*
	 * Pairs with the barrier in isolate.c: either the end of the host map is
	 * seen here, or the need for the host map is seen there.
	 */
	smp_mb__after_atomic();
	if (likely(pviommu_base_usable())) {
		pviommu_count_device(pd, PVIOMMU_FALLBACKS, 1);
		trace_pviommu_fallback(pd->dev);
		return true;
	}
	base_unbook(pd);
	dev_err_ratelimited(pd->dev, "mapping refused: xen-swiotlb needs the host map, which is dropped\n");

	return false;
}

/* @attrs: DMA_ATTR_MMIO for a BAR. */
dma_addr_t pviommu_base_map(struct pviommu_device *pd, struct device *dev,
			    phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr;

	if (!pviommu_ops_can_map(pd->base, attrs) || !base_book(pd))
		return DMA_MAPPING_ERROR;
	addr = pviommu_ops_map(pd->base, dev, phys, size, dir, attrs);
	if (addr == DMA_MAPPING_ERROR)
		base_unbook(pd);

	return addr;
}

void pviommu_base_unmap(struct pviommu_device *pd, struct device *dev,
			dma_addr_t addr, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	pviommu_ops_unmap(pd->base, dev, addr, size, dir, attrs);
	base_ended(pd);
}

int pviommu_base_map_sg(struct pviommu_device *pd, struct device *dev,
			struct scatterlist *sg, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	int ret;

	if (!base_book(pd))
		return -EIO;
	ret = pd->base->map_sg(dev, sg, nents, dir, attrs);
	if (ret <= 0)
		base_unbook(pd);

	return ret;
}

void pviommu_base_unmap_sg(struct pviommu_device *pd, struct device *dev,
			   struct scatterlist *sg, int nents,
			   enum dma_data_direction dir, unsigned long attrs)
{
	if (pd->base->unmap_sg)
		pd->base->unmap_sg(dev, sg, nents, dir, attrs);
	base_ended(pd);
}

void *pviommu_base_alloc(struct pviommu_device *pd, struct device *dev,
			 size_t size, dma_addr_t *addr, gfp_t gfp,
			 unsigned long attrs)
{
	void *vaddr;

	if (!pd->base->alloc || !base_book(pd))
		return NULL;
	vaddr = pd->base->alloc(dev, size, addr, gfp, attrs);
	if (!vaddr)
		base_unbook(pd);

	return vaddr;
}

void pviommu_base_free(struct pviommu_device *pd, struct device *dev,
		       size_t size, void *vaddr, dma_addr_t addr,
		       unsigned long attrs)
{
	if (pd->base->free)
		pd->base->free(dev, size, vaddr, addr, attrs);
	base_ended(pd);
}

int pviommu_base_dma_supported(struct pviommu_device *pd, struct device *dev,
			       u64 mask)
{
	if (!pd->base->dma_supported)
		return 1;

	return pd->base->dma_supported(dev, mask);
}

/* The default is the DMA core's own for ops that don't tell. */
u64 pviommu_base_required_mask(struct pviommu_device *pd, struct device *dev)
{
	if (!pd->base->get_required_mask)
		return DMA_BIT_MASK(32);

	return pd->base->get_required_mask(dev);
}

size_t pviommu_base_max_size(struct pviommu_device *pd, struct device *dev)
{
	/* Callers keep it in an unsigned int. */
	if (!pd->base->max_mapping_size)
		return UINT_MAX & PAGE_MASK;

	return min_t(size_t, pd->base->max_mapping_size(dev),
		     UINT_MAX & PAGE_MASK);
}
