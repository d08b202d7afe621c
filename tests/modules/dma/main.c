// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma_test: drivers' calls of the DMA API, beyond buffers and lists of the usual
 * kind. The module drives QEMU's `edu` device (1234:11e8), which can show the target of
 * a bus address. Each file in debugfs runs a group of checks and gives TAP.
 *
 *	nothing		lengths of 0
 *	promises	max_mapping_size and its like, and what they promise
 *	large		lists of 600 MiB and 2 GiB
 *	refused		long runs of which Xen refuses the last page (isolated)
 *	coherent	coherent memory of up to 256 MiB
 *	noncontiguous	and memory that need not be contiguous
 *	masks		2000 MiB at a time, for devices of 36 to 64 bits
 *	narrow		all that devices of 32 bits can have (isolated)
 *	irqs		for how long interrupts are off (the instruction clock)
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/random.h>
#include "dma_test.h"

#define DMA_BYTES	512

/* Does the device write to AT when it writes to ADDR? */
bool arrives(struct dma_test *t, dma_addr_t addr, u8 *at)
{
	get_random_bytes(t->bounce_at, DMA_BYTES);
	memset(at, 0x5a, DMA_BYTES);

	return !engine_copy(t->regs, t->bounce, 0, DMA_BYTES, false) &&
	       !engine_copy(t->regs, addr, 0, DMA_BYTES, true) &&
	       !memcmp(at, t->bounce_at, DMA_BYTES);
}

static const struct tap_group groups[] = {
	{ "nothing", group_nothing },
	{ "promises", group_promises },
	{ "large", group_large },
	{ "refused", group_refused },
	{ "coherent", group_coherent },
	{ "noncontiguous", group_noncontiguous },
	{ "masks", group_masks },
	{ "narrow", group_narrow },
	{ "irqs", group_irqs },
};

static int dma_test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dma_test *t = devm_kzalloc(&pdev->dev, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	t->pdev = pdev;
	t->dev = &pdev->dev;
	t->regs = engine_enable(pdev, 64);
	if (IS_ERR(t->regs))
		return PTR_ERR(t->regs);
	dma_set_max_seg_size(t->dev, UINT_MAX);
	t->bounce_at = dmam_alloc_coherent(t->dev, PAGE_SIZE, &t->bounce,
					   GFP_KERNEL);
	if (!t->bounce_at)
		return -ENOMEM;
	pci_set_drvdata(pdev, t);
	t->dir = tap_files("dma_test", groups, ARRAY_SIZE(groups), NULL, t);

	return 0;
}

static void dma_test_remove(struct pci_dev *pdev)
{
	struct dma_test *t = pci_get_drvdata(pdev);

	debugfs_remove_recursive(t->dir);
	pci_clear_master(pdev);
}

ENGINE_DRIVER(dma_test, dma_test_probe, dma_test_remove);

MODULE_DESCRIPTION("Drivers' calls of the DMA API");
MODULE_LICENSE("GPL");
