/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pool_nic: Intel's 82574, which is QEMU's e1000e, driven as drivers of the last
 * years drive a NIC. Receive buffers are pages of a page_pool. The pool maps each page
 * once (PP_FLAG_DMA_MAP) and gets the page back from the network stack, still mapped,
 * for the next packet. Linux' own e1000e allocates and maps a buffer for each packet.
 * The frames are real, and the device moves them by DMA through the IOMMU. Sent
 * frames are mapped for each packet, as in any driver; checksums and TCP
 * segmentation are the device's.
 *
 * The driver is for measurement: one queue, one interrupt, no statistics beyond the
 * kernel's, no VLANs, no power management, and all frames of the wire are taken.
 */
#ifndef POOL_NIC_H
#define POOL_NIC_H

#include <linux/bits.h>
#include <linux/etherdevice.h>
#include <linux/io.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/types.h>

/* Registers, by their names in the data sheet. */
#define CTRL		0x0000
#define  CTRL_FD	BIT(0)
#define  CTRL_SLU	BIT(6)
#define  CTRL_RST	BIT(26)
#define CTRL_EXT	0x0018
#define ICR		0x00c0
#define IMS		0x00d0
#define IMC		0x00d8
#define  INT_RXQ0	BIT(20)
#define  INT_TXQ0	BIT(22)
#define EIAC		0x00dc
#define IAM		0x00e0
#define IVAR		0x00e4
#define  IVAR_VECTOR0	0x8
#define  IVAR_RXQ0	0
#define  IVAR_TXQ0	8
#define EITR0		0x00e8
#define RCTL		0x0100
#define  RCTL_EN	BIT(1)
#define  RCTL_UPE	BIT(3)
#define  RCTL_MPE	BIT(4)
#define  RCTL_BAM	BIT(15)
#define  RCTL_SECRC	BIT(26)
#define TCTL		0x0400
#define  TCTL_EN	BIT(1)
#define  TCTL_PSP	BIT(3)
#define RING_RX		0x2800
#define RDTR		0x2820
#define RADV		0x282c
#define RING_TX		0x3800
#define  RING_BAL	0x00
#define  RING_BAH	0x04
#define  RING_LEN	0x08
#define  RING_HEAD	0x10
#define  RING_TAIL	0x18
#define TIDV		0x3820
#define TADV		0x382c
#define RXCSUM		0x5000
#define  RXCSUM_TUOFL	BIT(9)
#define RFCTL		0x5008
#define RAL0		0x5400
#define RAH0		0x5404
#define MRQC		0x5818

/* A legacy receive descriptor. */
struct rx_desc {
	__le64 addr;
	__le16 len;
	__le16 csum;
	u8 status;
	u8 errors;
	__le16 special;
};

#define RX_STATUS_DD	BIT(0)
#define RX_STATUS_EOP	BIT(1)
#define RX_STATUS_IXSM	BIT(2)
#define RX_STATUS_TCPCS	BIT(5)
#define RX_ERROR_CSUM	(BIT(5) | BIT(6))

/* A data descriptor, or a context for the next data descriptors. */
struct tx_desc {
	union {
		__le64 addr;
		struct {
			u8 ip_start, ip_at;
			__le16 ip_end;
			u8 l4_start, l4_at;
			__le16 l4_end;
		};
	};
	__le32 cmd;		/* and a length */
	union {
		__le32 status;	/* and the parts to insert */
		struct {
			u8 context_status, header;
			__le16 mss;
		};
	};
};

#define TX_DATA		BIT(20)
#define TX_EOP		BIT(24)	/* of data */
#define TX_IFCS		BIT(25)
#define TX_TCP		BIT(24)	/* of a context */
#define TX_IP		BIT(25)
#define TX_TSE		BIT(26)
#define TX_RS		BIT(27)
#define TX_DEXT		BIT(29)
#define TX_DONE		BIT(0)
#define TX_L4_CSUM	BIT(9)
#define TX_IP_CSUM	BIT(8)

#define RING		256U

/* The mapping behind a descriptor of the transmit ring. A context has none. */
struct tx_slot {
	struct sk_buff *skb;	/* in a frame's last descriptor */
	dma_addr_t addr;
	u32 len;
	u16 last;		/* in a frame's first descriptor: the last */
	bool page;
};

struct nic {
	struct net_device *dev;
	struct device *dma;
	void __iomem *regs;
	struct napi_struct napi;
	int irq;

	struct page_pool *pool;
	struct rx_desc *rx;
	dma_addr_t rx_addr;
	struct page *rx_page[RING];
	u16 rx_next;

	struct tx_desc *tx;
	dma_addr_t tx_addr;
	struct tx_slot tx_slot[RING];
	u16 tx_use, tx_clean;
};

static inline void put(struct nic *nic, unsigned int reg, u32 value)
{
	writel(value, nic->regs + reg);
}

static inline u32 get(struct nic *nic, unsigned int reg)
{
	return readl(nic->regs + reg);
}

static inline u16 after(u16 i)
{
	return (i + 1) % RING;
}

/* main.c */
void nic_ring(struct nic *nic, unsigned int ring, dma_addr_t addr,
	      size_t size);

/* rx.c */
int rx_open(struct nic *nic);
int rx_poll(struct nic *nic, int budget);
void rx_close(struct nic *nic);

/* tx.c */
int tx_open(struct nic *nic);
netdev_tx_t tx_frame(struct sk_buff *skb, struct net_device *dev);
void tx_poll(struct nic *nic);
void tx_close(struct nic *nic);

#endif /* POOL_NIC_H */
