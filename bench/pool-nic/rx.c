// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving: the network stack reads a frame in place, in a page of the pool, and
 * frees the page into the pool.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include PAGE_POOL_HEADER
#include "nic.h"

#define HEADROOM	NET_SKB_PAD
#define BUFFER		2048	/* a buffer's size by RCTL's 0 */

/* A page for a descriptor. */
static int rx_fill(struct nic *nic, u16 i)
{
	struct page *page = page_pool_dev_alloc_pages(nic->pool);

	if (!page)
		return -ENOMEM;
	nic->rx_page[i] = page;
	nic->rx[i] = (struct rx_desc){
		.addr = cpu_to_le64(page_pool_get_dma_addr(page) + HEADROOM),
	};

	return 0;
}

int rx_open(struct nic *nic)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = 2 * RING,
		.nid = NUMA_NO_NODE,
		.dev = nic->dma,
		.dma_dir = DMA_FROM_DEVICE,
		.offset = HEADROOM,
		.max_len = BUFFER,
	};
	u16 i;

	nic->rx = dma_alloc_coherent(nic->dma, RING * sizeof(*nic->rx),
				     &nic->rx_addr, GFP_KERNEL);
	if (!nic->rx)
		return -ENOMEM;
	nic->pool = page_pool_create(&params);
	if (IS_ERR(nic->pool)) {
		nic->pool = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < RING; i++)
		if (rx_fill(nic, i))
			return -ENOMEM;
	nic->rx_next = 0;
	nic_ring(nic, RING_RX, nic->rx_addr, RING * sizeof(*nic->rx));
	/* The device has all but one: an equal head and tail is an empty ring. */
	put(nic, RING_RX + RING_TAIL, RING - 1);

	return 0;
}

static struct sk_buff *rx_skb(struct nic *nic, struct page *page,
			      const struct rx_desc *d)
{
	u16 len = le16_to_cpu(d->len);
	struct sk_buff *skb;

	dma_sync_single_for_cpu(nic->dma,
				page_pool_get_dma_addr(page) + HEADROOM, len,
				DMA_FROM_DEVICE);
	skb = napi_build_skb(page_address(page), PAGE_SIZE);
	if (!skb)
		return NULL;
	skb_mark_for_recycle(skb);
	skb_reserve(skb, HEADROOM);
	skb_put(skb, len);
	if (!(d->status & RX_STATUS_IXSM) && d->status & RX_STATUS_TCPCS &&
	    !(d->errors & RX_ERROR_CSUM))
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->protocol = eth_type_trans(skb, nic->dev);

	return skb;
}

/* An incomplete frame, or a frame without memory, is dropped. */
static void rx_one(struct nic *nic, u16 i)
{
	const struct rx_desc d = nic->rx[i];
	struct page *page = nic->rx_page[i];
	struct sk_buff *skb = NULL;

	if (rx_fill(nic, i)) {
		/* The page goes to the device once more. */
		nic->rx[i] = (struct rx_desc){
			.addr = cpu_to_le64(page_pool_get_dma_addr(page) +
					    HEADROOM),
		};
		nic->dev->stats.rx_dropped++;
		return;
	}
	if (d.status & RX_STATUS_EOP && le16_to_cpu(d.len) <= BUFFER)
		skb = rx_skb(nic, page, &d);
	if (!skb) {
		page_pool_put_full_page(nic->pool, page, true);
		nic->dev->stats.rx_dropped++;
		return;
	}
	nic->dev->stats.rx_packets++;
	nic->dev->stats.rx_bytes += skb->len;
	napi_gro_receive(&nic->napi, skb);
}

int rx_poll(struct nic *nic, int budget)
{
	int done = 0;
	u16 last = 0;

	while (done < budget &&
	       READ_ONCE(nic->rx[nic->rx_next].status) & RX_STATUS_DD) {
		dma_rmb();	/* the rest of the descriptor behind its done bit */
		last = nic->rx_next;
		rx_one(nic, last);
		nic->rx_next = after(last);
		done++;
	}
	if (done)
		put(nic, RING_RX + RING_TAIL, last);

	return done;
}

/* The device is reset. Pages in the stack come back by themselves. */
void rx_close(struct nic *nic)
{
	u16 i;

	for (i = 0; i < RING; i++) {
		if (nic->rx_page[i])
			page_pool_put_full_page(nic->pool, nic->rx_page[i],
						false);
		nic->rx_page[i] = NULL;
	}
	if (nic->pool)
		page_pool_destroy(nic->pool);
	nic->pool = NULL;
	if (nic->rx)
		dma_free_coherent(nic->dma, RING * sizeof(*nic->rx), nic->rx,
				  nic->rx_addr);
	nic->rx = NULL;
}
