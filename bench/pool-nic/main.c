// SPDX-License-Identifier: GPL-2.0-only
/* The device and its interrupt. */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include "nic.h"

/*
 * Both queues have vector 0 of MSI-X; its causes are masked until the poll is
 * done. By MSI QEMU 7.2 loses an interrupt that was deferred for the throttle.
 */
#define INTERRUPTS	(INT_RXQ0 | INT_TXQ0)
/* 20,000 interrupts a second, where Linux' e1000e starts; in 256 ns. */
#define THROTTLE	(1000000000 / (20000 * 256))

void nic_ring(struct nic *nic, unsigned int ring, dma_addr_t addr, size_t size)
{
	put(nic, ring + RING_BAL, lower_32_bits(addr));
	put(nic, ring + RING_BAH, upper_32_bits(addr));
	put(nic, ring + RING_LEN, size);
	put(nic, ring + RING_HEAD, 0);
	put(nic, ring + RING_TAIL, 0);
}

/*
 * A reset of QEMU 7.2 leaves the settings of the last driver: extended descriptors,
 * a hash, causes that mask themselves, and delays.
 */
static void nic_reset(struct nic *nic)
{
	static const u16 plain[] = { CTRL_EXT, IAM, MRQC, RFCTL, RDTR, RADV,
				     TIDV, TADV };
	unsigned int i;

	put(nic, IMC, ~0U);
	put(nic, RCTL, 0);
	put(nic, TCTL, 0);
	put(nic, CTRL, get(nic, CTRL) | CTRL_RST);
	usleep_range(1000, 2000);
	put(nic, IMC, ~0U);
	get(nic, ICR);	/* the read clears ICR */
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		put(nic, plain[i], 0);
}

static irqreturn_t nic_interrupt(int irq, void *data)
{
	struct nic *nic = data;

	napi_schedule(&nic->napi);

	return IRQ_HANDLED;
}

static int nic_poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = container_of(napi, struct nic, napi);
	int done;

	tx_poll(nic);
	done = rx_poll(nic, budget);
	if (done < budget && napi_complete_done(napi, done))
		put(nic, IMS, INTERRUPTS);

	return done;
}

static int nic_stop(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);

	netif_tx_disable(dev);
	netif_carrier_off(dev);
	napi_disable(&nic->napi);
	nic_reset(nic);
	free_irq(nic->irq, nic);
	rx_close(nic);
	tx_close(nic);

	return 0;
}

static int nic_open(struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);
	int err;

	nic_reset(nic);
	err = rx_open(nic) ?: tx_open(nic);
	if (!err)
		err = request_irq(nic->irq, nic_interrupt, 0, dev->name, nic);
	if (err) {
		rx_close(nic);
		tx_close(nic);
		return err;
	}
	napi_enable(&nic->napi);
	put(nic, CTRL, CTRL_FD | CTRL_SLU);
	put(nic, IVAR, IVAR_VECTOR0 << IVAR_RXQ0 | IVAR_VECTOR0 << IVAR_TXQ0);
	put(nic, EIAC, INTERRUPTS);
	put(nic, EITR0, THROTTLE);
	put(nic, RXCSUM, RXCSUM_TUOFL);
	put(nic, TCTL, TCTL_EN | TCTL_PSP);
	put(nic, RCTL, RCTL_EN | RCTL_UPE | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
	put(nic, IMS, INTERRUPTS);
	netif_carrier_on(dev);
	netif_start_queue(dev);

	return 0;
}

static const struct net_device_ops nic_ops = {
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = tx_frame,
	.ndo_validate_addr = eth_validate_addr,
};

/* The head stands at its place after a reset. */
static void nic_address(struct nic *nic)
{
	__le32 low = cpu_to_le32(get(nic, RAL0));
	__le16 high = cpu_to_le16(get(nic, RAH0));
	u8 address[ETH_ALEN];

	memcpy(address, &low, sizeof(low));
	memcpy(address + sizeof(low), &high, sizeof(high));
	eth_hw_addr_set(nic->dev, address);
}

static int nic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *dev;
	struct nic *nic;
	int err;

	dev = devm_alloc_etherdev(&pdev->dev, sizeof(*nic));
	if (!dev)
		return -ENOMEM;
	nic = netdev_priv(dev);
	nic->dev = dev;
	nic->dma = &pdev->dev;
	err = pcim_enable_device(pdev) ?: pcim_iomap_regions(pdev, BIT(0),
							     "pool_nic");
	if (err)
		return err;
	nic->regs = pcim_iomap_table(pdev)[0];
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSIX);
	if (err < 0)
		return err;
	nic->irq = pci_irq_vector(pdev, 0);
	nic_reset(nic);
	nic_address(nic);

	SET_NETDEV_DEV(dev, &pdev->dev);
	dev->netdev_ops = &nic_ops;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO |
			NETIF_F_RXCSUM | NETIF_F_HIGHDMA;
	dev->hw_features = dev->features;
	netif_napi_add(dev, &nic->napi, nic_poll);
	pci_set_drvdata(pdev, nic);
	err = register_netdev(dev);
	if (err)
		pci_free_irq_vectors(pdev);

	return err;
}

static void nic_remove(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	unregister_netdev(nic->dev);
	pci_free_irq_vectors(pdev);
}

static const struct pci_device_id nic_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x10d3) },
	{ }
};

/* No table of devices: Linux' own driver shall have them, if nobody asks for this. */
static struct pci_driver nic_driver = {
	.name = "pool_nic",
	.id_table = nic_ids,
	.probe = nic_probe,
	.remove = nic_remove,
};
module_pci_driver(nic_driver);

MODULE_DESCRIPTION("82574 with a page_pool, for measurement");
MODULE_LICENSE("GPL");
