// SPDX-License-Identifier: GPL-2.0-only
/* The edu device's registers. */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include "engine.h"

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_CMD_START	1
#define EDU_CMD_WRITE	2	/* from the device to memory */
#define EDU_BUFFER	0x40000

void __iomem *engine_enable(struct pci_dev *pdev, unsigned int mask_bits)
{
	int err = pcim_enable_device(pdev) ?:
		  pcim_iomap_regions(pdev, BIT(0), "edu") ?:
		  dma_set_mask_and_coherent(&pdev->dev,
					    DMA_BIT_MASK(mask_bits));

	if (err)
		return IOMEM_ERR_PTR(err);
	pci_set_master(pdev);

	return pcim_iomap_table(pdev)[0];
}

int engine_copy(void __iomem *regs, dma_addr_t addr, u32 off, u32 len,
		bool to_memory)
{
	u64 inside = EDU_BUFFER + off;
	unsigned int tries = 1000;

	writeq(to_memory ? inside : addr, regs + EDU_SRC);
	writeq(to_memory ? addr : inside, regs + EDU_DST);
	writeq(len, regs + EDU_COUNT);
	writeq(EDU_CMD_START | (to_memory ? EDU_CMD_WRITE : 0), regs + EDU_CMD);
	/* The device takes its 100 ms of virtual time. */
	while (readq(regs + EDU_CMD) & EDU_CMD_START) {
		if (!tries--)
			return -ETIMEDOUT;
		msleep(20);
	}

	return 0;
}
