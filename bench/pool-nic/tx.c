// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending: a frame's parts are mapped, described, and unmapped when they are sent.
 */
#include <linux/dma-mapping.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include "nic.h"

/* Descriptors of a frame, at most: a context, its head, its fragments. */
#define FRAME_MAX	(MAX_SKB_FRAGS + 2)

int tx_open(struct nic *nic)
{
	nic->tx = dma_alloc_coherent(nic->dma, RING * sizeof(*nic->tx),
				     &nic->tx_addr, GFP_KERNEL);
	if (!nic->tx)
		return -ENOMEM;
	nic->tx_use = 0;
	nic->tx_clean = 0;
	nic_ring(nic, RING_TX, nic->tx_addr, RING * sizeof(*nic->tx));

	return 0;
}

static unsigned int tx_free(struct nic *nic)
{
	return (READ_ONCE(nic->tx_clean) - nic->tx_use - 1) % RING;
}

/* Checksums, and segmentation, of the next descriptors. */
static void tx_context(struct tx_desc *d, struct sk_buff *skb)
{
	u32 cmd = TX_DEXT;

	*d = (struct tx_desc){
		.ip_start = skb_network_offset(skb),
		.ip_at = skb_network_offset(skb) +
			 offsetof(struct iphdr, check),
		.ip_end = cpu_to_le16(skb_transport_offset(skb) - 1),
		.l4_start = skb_checksum_start_offset(skb),
		.l4_at = skb_checksum_start_offset(skb) + skb->csum_offset,
	};
	if (skb_is_gso(skb)) {
		d->header = skb_tcp_all_headers(skb);
		d->mss = cpu_to_le16(skb_shinfo(skb)->gso_size);
		cmd |= TX_TSE | TX_TCP | TX_IP | (skb->len - d->header);
	}
	d->cmd = cpu_to_le32(cmd);
}

/* The device adds the length of each piece. */
static void tx_prepare_gso(struct sk_buff *skb)
{
	struct iphdr *ip = ip_hdr(skb);

	ip->tot_len = 0;
	ip->check = 0;
	tcp_hdr(skb)->check = ~csum_tcpudp_magic(ip->saddr, ip->daddr, 0,
						 IPPROTO_TCP, 0);
}

static void tx_unmap(struct nic *nic, struct tx_slot *s)
{
	if (!s->len)
		return;
	if (s->page)
		dma_unmap_page(nic->dma, s->addr, s->len, DMA_TO_DEVICE);
	else
		dma_unmap_single(nic->dma, s->addr, s->len, DMA_TO_DEVICE);
}

/* Maps the part with number I of a frame, 0 being the head, for a slot. */
static int tx_map(struct nic *nic, struct sk_buff *skb, unsigned int i,
		  struct tx_slot *s)
{
	skb_frag_t *frag = &skb_shinfo(skb)->frags[i - !!i];

	*s = (struct tx_slot){ .page = i > 0 };
	s->len = i ? skb_frag_size(frag) : skb_headlen(skb);
	if (i)
		s->addr = skb_frag_dma_map(nic->dma, frag, 0, s->len,
					   DMA_TO_DEVICE);
	else
		s->addr = dma_map_single(nic->dma, skb->data, s->len,
					 DMA_TO_DEVICE);

	return dma_mapping_error(nic->dma, s->addr);
}

/*
 * Describes all parts, from descriptor AT. Return: the last descriptor, or an
 * error, and nothing is mapped.
 */
static int tx_parts(struct nic *nic, struct sk_buff *skb, u16 at)
{
	u32 cmd = TX_DATA | TX_DEXT | TX_IFCS, sums = 0;
	unsigned int i, parts = 1 + skb_shinfo(skb)->nr_frags;
	u16 now = at;

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		sums = TX_L4_CSUM;
	if (skb_is_gso(skb)) {
		sums |= TX_IP_CSUM;
		cmd |= TX_TSE;
	}
	for (i = 0; i < parts; i++, now = after(now)) {
		if (tx_map(nic, skb, i, &nic->tx_slot[now]))
			break;
		if (i == parts - 1)
			cmd |= TX_EOP | TX_RS;
		nic->tx[now] = (struct tx_desc){
			.addr = cpu_to_le64(nic->tx_slot[now].addr),
			.cmd = cpu_to_le32(cmd | nic->tx_slot[now].len),
			.status = cpu_to_le32(sums),
		};
	}
	if (i == parts)
		return (now - 1) % RING;
	while (at != now) {
		tx_unmap(nic, &nic->tx_slot[at]);
		at = after(at);
	}

	return -EIO;
}

netdev_tx_t tx_frame(struct sk_buff *skb, struct net_device *dev)
{
	struct nic *nic = netdev_priv(dev);
	u16 first = nic->tx_use, at = first;
	int last;

	if (skb_is_gso(skb)) {
		if (skb_cow_head(skb, 0))
			goto drop;
		tx_prepare_gso(skb);
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		nic->tx_slot[at] = (struct tx_slot){ };
		tx_context(&nic->tx[at], skb);
		at = after(at);
	}
	last = tx_parts(nic, skb, at);
	if (last < 0)
		goto drop;
	nic->tx_slot[last].skb = skb;
	nic->tx_slot[first].last = last;
	dev->stats.tx_packets += skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
	dev->stats.tx_bytes += skb->len;
	/* Pairs with tx_poll(): descriptors in use are complete. */
	smp_store_release(&nic->tx_use, after(last));
	if (tx_free(nic) < FRAME_MAX) {
		netif_stop_queue(dev);
		smp_mb();	/* pairs with the barrier in tx_poll() */
		if (tx_free(nic) >= 2 * FRAME_MAX)
			netif_start_queue(dev);
	}
	put(nic, RING_TX + RING_TAIL, nic->tx_use);
	return NETDEV_TX_OK;

drop:
	dev->stats.tx_dropped++;
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

static void tx_clean_frame(struct nic *nic, u16 last, int budget)
{
	u16 at = nic->tx_clean;

	for (;; at = after(at)) {
		tx_unmap(nic, &nic->tx_slot[at]);
		if (at == last)
			break;
	}
	napi_consume_skb(nic->tx_slot[last].skb, budget);
	WRITE_ONCE(nic->tx_clean, after(last));
}

void tx_poll(struct nic *nic)
{
	u16 last;

	/* Pairs with tx_frame(). */
	while (nic->tx_clean != smp_load_acquire(&nic->tx_use)) {
		last = nic->tx_slot[nic->tx_clean].last;
		if (!(READ_ONCE(nic->tx[last].status) & cpu_to_le32(TX_DONE)))
			break;
		tx_clean_frame(nic, last, 1);
	}
	smp_mb();	/* the sender sees free slots, or its stop is seen here */
	if (netif_queue_stopped(nic->dev)) {
		netif_tx_lock(nic->dev);
		if (tx_free(nic) >= 2 * FRAME_MAX)
			netif_wake_queue(nic->dev);
		netif_tx_unlock(nic->dev);
	}
}

/* The device is reset: unsent frames go as well. */
void tx_close(struct nic *nic)
{
	while (nic->tx_clean != nic->tx_use)
		tx_clean_frame(nic, nic->tx_slot[nic->tx_clean].last, 0);
	if (nic->tx)
		dma_free_coherent(nic->dma, RING * sizeof(*nic->tx), nic->tx,
				  nic->tx_addr);
	nic->tx = NULL;
}
