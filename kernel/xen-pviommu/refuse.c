// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that get no DMA: they bind without service while the host map is
 * dropped. The base ops would give their drivers machine addresses without a
 * map, and the device would come up dead. With these ops the driver's first
 * question is answered no, and its probe fails.
 *
 * The ops need no memory, so the refusal always works.
 */
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/dma-map-ops.h>
#include <linux/errno.h>
#include <linux/pci.h>

#include "compat.h"
#include "isolate.h"
#include "refuse.h"

static dma_addr_t refuse_map(struct device *dev, phys_addr_t phys, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	return DMA_MAPPING_ERROR;
}

/* Nothing was mapped. */
static void refuse_unmap(struct device *dev, dma_addr_t addr, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
}

PVIOMMU_DEFINE_PHYS_OPS(refuse, refuse_map, refuse_map, refuse_unmap)

static int refuse_sg(struct device *dev, struct scatterlist *sg, int nents,
		     enum dma_data_direction dir, unsigned long attrs)
{
	return -EIO;
}

static int refuse_mask(struct device *dev, u64 mask)
{
	return 0;
}

/* The DMA core fails the ops without a function: allocations. */
static const struct dma_map_ops refuse_ops = {
	PVIOMMU_PHYS_OPS(refuse, refuse_unmap)
	.map_sg = refuse_sg,
	.dma_supported = refuse_mask,
};

/**
 * pviommu_refuse - refuse a device DMA if the base ops could not serve it
 * @pdev: a device that is about to be bound, without us
 * @why: why we do not serve it
 *
 * Context: the device's lock is held.
 * Return: true if the device is refused: the device then has our ops, and the
 * module must stay, until pviommu_refuse_no_more().
 */
bool pviommu_refuse(struct pci_dev *pdev, const char *why)
{
	/*
	 * Serialised with isolate.c by the device's lock: a device that goes on
	 * here with the host map is bound at isolate's look.
	 */
	if (pviommu_host_map_stands())
		return false;
	set_dma_ops(&pdev->dev, &refuse_ops);
	pci_err(pdev, "DMA refused: %s, and the host map is dropped. Restore it (isolate=0), then bind the device again\n",
		why);

	return true;
}

bool pviommu_refused(const struct device *dev)
{
	return dev->dma_ops == &refuse_ops;
}

/* The driver is gone, or its probe failed. Return: was the device refused? */
bool pviommu_refuse_no_more(struct device *dev)
{
	if (!pviommu_refused(dev))
		return false;
	/* As before: in a PV dom0 nobody else gives a PCI device ops. */
	set_dma_ops(dev, NULL);

	return true;
}
