/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's `edu` device (1234:11e8, docs/specs/edu in QEMU): a DMA engine that
 * copies between its own 4 KiB and any bus address.
 */
#ifndef TEST_ENGINE_H
#define TEST_ENGINE_H

#include <linux/pci.h>
#include <linux/types.h>

/* QEMU 7.2 takes the byte behind the last for a byte outside its 4096. */
#define ENGINE_MAX	4088

/* To be called by probe: the registers, or an error. */
void __iomem *engine_enable(struct pci_dev *pdev, unsigned int mask_bits);
/* One DMA of LEN bytes at offset OFF of the device's own; 0 or -ETIMEDOUT. */
int engine_copy(void __iomem *regs, dma_addr_t addr, u32 off, u32 len,
		bool to_memory);

/* The module is a driver of the device. */
#define ENGINE_DRIVER(module, probe_device, remove_device)		\
static const struct pci_device_id module##_ids[] = {			\
	{ PCI_DEVICE(0x1234, 0x11e8) },					\
	{ }								\
};									\
									\
static struct pci_driver module##_driver = {				\
	.name = #module,						\
	.id_table = module##_ids,					\
	.probe = probe_device,						\
	.remove = remove_device,					\
};									\
module_pci_driver(module##_driver)

#endif /* TEST_ENGINE_H */
