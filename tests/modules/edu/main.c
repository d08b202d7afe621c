// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_test: a driver for QEMU's `edu` device (1234:11e8, docs/specs/edu in
 * QEMU), a DMA engine that copies between its own 4 KiB and any bus address.
 * The device shows the real reach: the right bytes through a map, nothing without a
 * map. Each file in debugfs runs a group of checks and gives TAP.
 *
 *	dma		every kind of mapping, both directions
 *	lists		scatterlists of every shape
 *	layout		what segments they become (not in static)
 *	faults		after unmap, and against a read-only map (strict mode)
 *	isolated	machine addresses reach nothing (isolate is 1)
 *	base		machine addresses reach memory (isolate is 0)
 *	hold		an allocation that stays, until the file is read again
 *	bound		what waits or idles is reachable, but not for long
 *	taken_along	until an unmap that can't wait
 *	again		an idle mapping is taken again for the same memory
 *	yields		pages that become page tables, or a guest's
 *	forgotten	a mapping that an earlier driver made: bind anew between two reads
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/random.h>
#include "edu.h"

static unsigned int mask_bits = 64;
module_param(mask_bits, uint, 0444);
MODULE_PARM_DESC(mask_bits, "address bits of the device, 28 to 64");

void fill(struct edu *edu)
{
	get_random_bytes(edu->want, ENGINE_MAX);
}

/*
 * The device reads LEN bytes at ADDR, which is AT for the CPU, and writes them
 * to BACK, a map known to be good.
 */
void reads(struct edu *edu, const char *name, dma_addr_t addr, u8 *at,
	   u32 len, dma_addr_t back, u8 *back_at)
{
	bool good;

	memset(back_at, 0, len);
	good = !edu_dma(edu, addr, 0, len, false) &&
	       !edu_dma(edu, back, 0, len, true) && !memcmp(back_at, at, len);
	check(edu, good, "%s: the device reads %u bytes at %pad", name, len,
	      &addr);
}

/* Fresh random bytes go through BACK into the device, and from there to ADDR. */
void writes(struct edu *edu, const char *name, dma_addr_t addr, u8 *at,
	    u32 len, dma_addr_t back, u8 *back_at)
{
	bool good;

	fill(edu);
	memcpy(back_at, edu->want, len);
	good = !edu_dma(edu, back, 0, len, false) &&
	       !edu_dma(edu, addr, 0, len, true) && !memcmp(at, edu->want, len);
	check(edu, good, "%s: the device writes %u bytes at %pad", name, len,
	      &addr);
}

int bounce_get(struct edu *edu, struct bounce *b)
{
	b->at = dma_alloc_coherent(edu->dev, PAGE_SIZE, &b->addr, GFP_KERNEL);
	check(edu, b->at, "a coherent page");
	return b->at ? 0 : -ENOMEM;
}

void bounce_put(struct edu *edu, struct bounce *b)
{
	dma_free_coherent(edu->dev, PAGE_SIZE, b->at, b->addr);
}

/*
 * A page may be mapped several times at once here. DMA_API_DEBUG reports that as
 * a mistake, unless the CPU's caches are no part of the map.
 */
dma_addr_t map(struct edu *edu, u8 *at, size_t len,
	       enum dma_data_direction dir)
{
	dma_addr_t addr = dma_map_single_attrs(edu->dev, at, len, dir,
					       DMA_ATTR_SKIP_CPU_SYNC);

	if (dma_mapping_error(edu->dev, addr))
		check(edu, false, "a map of %zu bytes", len);

	return addr;
}

void unmap(struct edu *edu, dma_addr_t addr, size_t len,
	   enum dma_data_direction dir)
{
	dma_unmap_single_attrs(edu->dev, addr, len, dir,
			       DMA_ATTR_SKIP_CPU_SYNC);
}

static const struct tap_group groups[] = {
	{ "dma", group_dma },
	{ "lists", group_lists },
	{ "layout", group_layout },
	{ "faults", group_faults },
	{ "isolated", group_isolated },
	{ "base", group_base },
	{ "hold", group_hold },
	{ "bound", group_bound },
	{ "taken_along", group_taken_along },
	{ "again", group_again },
	{ "yields", group_yields },
	{ "forgotten", group_forgotten },
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);

	if (!edu)
		return -ENOMEM;
	edu->dev = &pdev->dev;
	edu->want = devm_kzalloc(edu->dev, PAGE_SIZE, GFP_KERNEL);
	if (!edu->want)
		return -ENOMEM;
	edu->regs = engine_enable(pdev, mask_bits);
	if (IS_ERR(edu->regs))
		return PTR_ERR(edu->regs);
	/* swiotlb keeps an address's place in its page on request. */
	dma_set_min_align_mask(edu->dev, PAGE_SIZE - 1);
	pci_set_drvdata(pdev, edu);
	edu->dir = tap_files("edu_test", groups, ARRAY_SIZE(groups), NULL, edu);

	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	debugfs_remove_recursive(edu->dir);
	if (edu->held_at)
		dma_free_coherent(edu->dev, PAGE_SIZE, edu->held_at, edu->held);
	pci_clear_master(pdev);
}

ENGINE_DRIVER(edu_test, edu_probe, edu_remove);

MODULE_DESCRIPTION("DMA by hand with QEMU's edu device");
MODULE_LICENSE("GPL");
