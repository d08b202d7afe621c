// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "sim_nic.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

// Debian has these in the source package only: headers.sh.
#define ALLOW_INTERNAL_API
#include <ethdev_driver.h>
#include <ethdev_vdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

namespace pmd {
namespace {

constexpr unsigned max_frame = 9216;
constexpr unsigned max_nics = 8;
// Sent buffers go back in groups of this size, as in drivers of NICs.
constexpr unsigned free_thresh = 32;

pviommu::Sim *table;

// The NIC's view of a receive buffer, and its driver's own record.
struct Descriptor {
    rte_iova_t iova;
    unsigned room;
    unsigned length; // of the received frame
    rte_mbuf *mbuf;
};

struct Nic {
    rte_eth_dev *dev = nullptr;
    Nic *wire = nullptr;
    rte_ether_addr mac{};
    rte_mempool *pool = nullptr;
    std::vector<Descriptor> ring;
    std::size_t next_filled = 0, next_read = 0, filled = 0, ready = 0; // filled: the NIC's; ready: the driver's
    std::vector<rte_mbuf *> sent;
    bool up = false;
    rte_eth_stats stats{};
};

std::array<Nic, max_nics> nics;

// Into the next receive buffer. Without a buffer the frame is lost, as on any NIC.
void receive(Nic &nic, std::span<const std::byte> frame)
{
    if (!nic.up || !nic.filled) {
        nic.stats.imissed++;
        return;
    }
    Descriptor &d = nic.ring[nic.next_filled];
    if (frame.size() > d.room || !table->dma_write(d.iova, frame)) {
        nic.stats.ierrors++;
        return;
    }
    d.length = static_cast<unsigned>(frame.size());
    nic.next_filled = (nic.next_filled + 1) % nic.ring.size();
    nic.filled--;
    nic.ready++;
}

void transmit(Nic &nic, const rte_mbuf *m)
{
    std::array<std::byte, max_frame> frame;
    std::size_t length = 0;
    for (; m; m = m->next) {
        if (m->data_len > frame.size() - length ||
            !table->dma_read(rte_mbuf_data_iova(m), std::span(frame).subspan(length, m->data_len))) {
            nic.stats.oerrors++;
            return;
        }
        length += m->data_len;
    }
    nic.stats.opackets++;
    nic.stats.obytes += length;
    receive(*nic.wire, {frame.data(), length});
}

std::uint16_t tx_burst(void *queue, rte_mbuf **mbufs, std::uint16_t n)
{
    Nic &nic = *static_cast<Nic *>(queue);
    for (std::uint16_t i = 0; i < n; i++) {
        transmit(nic, mbufs[i]);
        nic.sent.push_back(mbufs[i]);
        if (nic.sent.size() == free_thresh) {
            rte_pktmbuf_free_bulk(nic.sent.data(), free_thresh);
            nic.sent.clear();
        }
    }
    return n;
}

void arm(Descriptor &d, rte_mbuf *m)
{
    d = {rte_mbuf_data_iova_default(m), static_cast<unsigned>(m->buf_len - RTE_PKTMBUF_HEADROOM), 0, m};
}

// A buffer is replaced before its frame is handed out; without a new buffer the frame stays.
std::uint16_t rx_burst(void *queue, rte_mbuf **mbufs, std::uint16_t n)
{
    Nic &nic = *static_cast<Nic *>(queue);
    std::uint16_t got = 0;
    while (got < n && nic.ready) {
        Descriptor &d = nic.ring[nic.next_read];
        rte_mbuf *fresh = rte_mbuf_raw_alloc(nic.pool);
        if (!fresh) {
            nic.dev->data->rx_mbuf_alloc_failed++;
            break;
        }
        rte_mbuf *m = d.mbuf;
        m->data_off = RTE_PKTMBUF_HEADROOM;
        m->pkt_len = d.length;
        m->data_len = static_cast<std::uint16_t>(d.length);
        m->port = nic.dev->data->port_id;
        nic.stats.ipackets++;
        nic.stats.ibytes += d.length;
        mbufs[got++] = m;
        arm(d, fresh);
        nic.next_read = (nic.next_read + 1) % nic.ring.size();
        nic.ready--;
        nic.filled++;
    }
    return got;
}

// DPDK keeps and frees the object.
struct Private {
    Nic *nic;
};

Nic &nic_of(rte_eth_dev *dev) { return *static_cast<Private *>(dev->data->dev_private)->nic; }

int configure(rte_eth_dev *) { return 0; }

int start(rte_eth_dev *dev)
{
    Nic &nic = nic_of(dev);
    for (Descriptor &d : nic.ring) {
        rte_mbuf *m = rte_mbuf_raw_alloc(nic.pool);
        if (!m)
            return -ENOMEM;
        arm(d, m);
        nic.filled++;
    }
    nic.next_filled = nic.next_read = 0;
    nic.up = true;
    dev->data->dev_link.link_status = RTE_ETH_LINK_UP;
    return 0;
}

int stop(rte_eth_dev *dev)
{
    Nic &nic = nic_of(dev);
    nic.up = false;
    dev->data->dev_link.link_status = RTE_ETH_LINK_DOWN;
    for (Descriptor &d : nic.ring) {
        rte_pktmbuf_free(d.mbuf);
        d = {};
    }
    nic.filled = nic.ready = 0;
    rte_pktmbuf_free_bulk(nic.sent.data(), static_cast<unsigned>(nic.sent.size()));
    nic.sent.clear();
    return 0;
}

int close(rte_eth_dev *dev)
{
    dev->data->mac_addrs = nullptr; // not for DPDK to free
    return 0;
}

int infos_get(rte_eth_dev *, rte_eth_dev_info *info)
{
    info->max_mac_addrs = 1;
    info->max_rx_pktlen = max_frame;
    info->max_mtu = max_frame - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
    info->max_rx_queues = 1;
    info->max_tx_queues = 1;
    return 0;
}

int rx_queue_setup(rte_eth_dev *dev, std::uint16_t queue, std::uint16_t n, unsigned, const rte_eth_rxconf *,
                   rte_mempool *pool)
{
    Nic &nic = nic_of(dev);
    nic.pool = pool;
    nic.ring.assign(n, {});
    dev->data->rx_queues[queue] = &nic;
    return 0;
}

int tx_queue_setup(rte_eth_dev *dev, std::uint16_t queue, std::uint16_t, unsigned, const rte_eth_txconf *)
{
    nic_of(dev).sent.reserve(free_thresh);
    dev->data->tx_queues[queue] = &nic_of(dev);
    return 0;
}

int promiscuous(rte_eth_dev *) { return 0; }
int mtu_set(rte_eth_dev *, std::uint16_t) { return 0; }
int link_update(rte_eth_dev *, int) { return 0; }

int stats_get(rte_eth_dev *dev, rte_eth_stats *stats)
{
    *stats = nic_of(dev).stats;
    return 0;
}

int stats_reset(rte_eth_dev *dev)
{
    nic_of(dev).stats = {};
    return 0;
}

const eth_dev_ops &operations()
{
    static const eth_dev_ops all = [] {
        eth_dev_ops o{};
        o.dev_configure = configure;
        o.dev_start = start;
        o.dev_stop = stop;
        o.dev_close = close;
        o.dev_infos_get = infos_get;
        o.rx_queue_setup = rx_queue_setup;
        o.tx_queue_setup = tx_queue_setup;
        o.promiscuous_enable = promiscuous;
        o.mtu_set = mtu_set;
        o.link_update = link_update;
        o.stats_get = stats_get;
        o.stats_reset = stats_reset;
        return o;
    }();
    return all;
}

int probe(rte_vdev_device *vdev)
{
    const auto free = std::ranges::find(nics, nullptr, &Nic::dev);
    if (!table || free == nics.end())
        return -ENODEV;
    rte_eth_dev *dev = rte_eth_vdev_allocate(vdev, sizeof(Private));
    if (!dev)
        return -ENOMEM;
    const auto index = static_cast<std::uint8_t>(free - nics.begin());
    const bool loop = std::string_view(rte_vdev_device_args(vdev)) == "loop=1";
    free->dev = dev;
    free->wire = loop ? &*free : &nics[index ^ 1U];
    free->mac = {{2, 0, 0, 0, 0, index}}; // locally administered
    *static_cast<Private *>(dev->data->dev_private) = {&*free};
    dev->data->mac_addrs = &free->mac;
    dev->data->dev_link = {};
    dev->data->dev_link.link_speed = RTE_ETH_SPEED_NUM_10G;
    dev->data->dev_link.link_duplex = RTE_ETH_LINK_FULL_DUPLEX;
    dev->dev_ops = &operations();
    dev->rx_pkt_burst = rx_burst;
    dev->tx_pkt_burst = tx_burst;
    rte_eth_dev_probing_finish(dev);
    return 0;
}

int remove(rte_vdev_device *vdev)
{
    rte_eth_dev *dev = rte_eth_dev_allocated(rte_vdev_device_name(vdev));
    if (!dev)
        return 0;
    nic_of(dev) = {};
    close(dev);
    return rte_eth_dev_release_port(dev);
}

rte_vdev_driver make_driver()
{
    rte_vdev_driver d{};
    d.driver.name = "net_pviommu_sim";
    d.probe = probe;
    d.remove = remove;
    return d;
}

rte_vdev_driver driver = make_driver();

// As RTE_PMD_REGISTER_VDEV, which wants a C compiler.
[[maybe_unused]] const bool registered = [] {
    rte_vdev_register(&driver);
    return true;
}();

} // namespace

void sim_nic_use(pviommu::Sim *t) { table = t; }

} // namespace pmd
