// SPDX-License-Identifier: GPL-2.0-only
#include "goals.h"

namespace bench {

const std::vector<Goal> &goals()
{
    static const std::vector<Goal> all{
        {"pair, one page: static to xen-swiotlb", "dma-map-pair", "static", "insns_1p", "xen-swiotlb", 1.25, ""},
        {"pair, one page: reuse to xen-swiotlb", "dma-map-pair", "reuse", "insns_1p", "xen-swiotlb", 1.25, ""},
        {"pair, one page: lazy to native lazy", "dma-map-pair", "lazy", "insns_1p", "native-lazy", 0.5, ""},
        {"pair, one page: strict to native strict", "dma-map-pair", "strict", "insns_1p", "native-strict", 0.75, ""},
        {"AMD-Vi, one page: static to xen-swiotlb", "dma-map-pair", "static-amd", "insns_1p", "xen-swiotlb-amd", 1.25,
         ""},
        {"AMD-Vi, one page: reuse to xen-swiotlb", "dma-map-pair", "reuse-amd", "insns_1p", "xen-swiotlb-amd", 1.25,
         ""},
        {"AMD-Vi, one page: strict to native strict", "dma-map-pair", "strict-amd", "insns_1p", "native-strict-amd",
         0.75, ""},
        {"scatterlist of 64, a page: strict to single-op", "sg-64", "strict", "insns_per_page", "single-op", 0.25, ""},
        {"map op in a batch of 64, instructions", "iommu-op", "map", "insns_b64", "", 200, ""},
        {"unmap op in a batch of 64, instructions", "iommu-op", "unmap", "insns_b64", "", 200, ""},
        {"hypercalls a pair: strict", "dma-map-pair", "strict", "hypercalls", "", 2, ""},
        {"hypercalls a pair: lazy", "dma-map-pair", "lazy", "hypercalls", "", 1.01, ""},
        {"hypercalls a pair: reuse", "dma-map-pair", "reuse", "hypercalls", "", 0.02, ""},
        {"hypercalls a pair: static", "dma-map-pair", "static", "hypercalls", "", 0, ""},
        {"DPDK, mapping a packet: bursts of 32 to bursts of 1", "dpdk-burst", "burst", "map_unmap_insns_b32", "burst",
         0.25, "map_unmap_insns_b1"},
        {"DPDK, the same in modelled time", "dpdk-burst", "burst", "map_unmap_silicon_b32", "burst", 0.125,
         "map_unmap_silicon_b1"},
        {"DPDK, bursts of 32: mapping to VFIO's", "dpdk-burst", "burst", "map_unmap_insns_b32", "vfio", 0.05, ""},
        {"DPDK, bursts of 32: hypercalls a packet", "dpdk-burst", "burst", "hypercalls_per_packet_b32", "", 0.0625, ""},
        {"BFN alloc and free to iova.c", "bfn-pair", "pviommu", "insns", "linux-iova", 0.5, ""},
        {"BFN alloc and free, shared locks", "bfn-pair", "pviommu", "shared_locks", "", 0, ""},
        // A pair in 1 / 1.8 of the time: two threads do 1.8 times as many.
        {"BFN alloc and free, ns: 2 threads to 1", "bfn-pair", "pviommu", "ns_2t", "pviommu", 0.56, "ns_1t"},
    };
    return all;
}

const std::vector<Goal> &targets()
{
    static const std::vector<Goal> all{
        {"TCP, reuse: hypercalls a packet", "net", "reuse", "hypercalls_per_packet", "", 0.05, ""},
        {"TCP, reuse: a packet to xen-swiotlb's", "net", "reuse", "insns_per_packet", "xen-swiotlb", 1.02, ""},
        {"TCP, strict: a packet to xen-swiotlb's", "net", "strict", "insns_per_packet", "xen-swiotlb", 1.12, ""},
        {"TCP, static and isolated: hypercalls a packet", "net", "static-isolated", "hypercalls_per_packet", "", 0, ""},
        {"TCP, static and isolated: a packet to xen-swiotlb's", "net", "static-isolated", "insns_per_packet",
         "xen-swiotlb", 1.01, ""},
        {"one page, lazy pair to native-lazy's", "dma-map-pair", "lazy", "insns_1p", "native-lazy", 0.5, ""},
        {"one page, strict pair to native-strict's", "dma-map-pair", "strict", "insns_1p", "native-strict", 0.7, ""},
        {"64 pages, strict pair to native-strict's", "dma-map-pair", "strict", "insns_64p", "native-strict", 1, ""},
        {"64 pages, lazy pair to native-lazy's", "dma-map-pair", "lazy", "insns_64p", "native-lazy", 0.9, ""},
        {"page of a scatterlist of 64, strict", "sg-64", "strict", "insns_per_page", "", 180, ""},
        {"DPDK, burst of 32: mapping a packet", "dpdk-burst", "burst", "map_unmap_insns_b32", "", 250, ""},
        {"a fork, static, to that without the module", "fork", "static", "insns_fork", "off", 1.03, ""},
        {"a fork, static and isolated", "fork", "static-isolated", "insns_fork", "off", 1.03, ""},
        {"a fork, reuse", "fork", "reuse", "insns_fork", "off", 1.03, ""},
        {"a fork, lazy", "fork", "lazy", "insns_fork", "off", 1.03, ""},
        {"a fork, strict", "fork", "strict", "insns_fork", "off", 1.03, ""},
        {"a program, static, to that without the module", "fork", "static", "insns_exec", "off", 1.03, ""},
        {"a program, static and isolated", "fork", "static-isolated", "insns_exec", "off", 1.03, ""},
        {"a program, reuse", "fork", "reuse", "insns_exec", "off", 1.03, ""},
        {"a program, lazy", "fork", "lazy", "insns_exec", "off", 1.03, ""},
        {"a program, strict", "fork", "strict", "insns_exec", "off", 1.03, ""},
    };
    return all;
}

bool refused(const Goal &goal, const Rows &rows) { return find(rows, goal.bench, goal.subject, "refused"); }

std::optional<Outcome> judge(const Goal &goal, const Rows &rows)
{
    const Row *figure = find(rows, goal.bench, goal.subject, goal.metric);
    if (!figure)
        return {};
    if (goal.peer.empty())
        return Outcome{figure->value, {}, figure->value, figure->value <= goal.at_most};
    const Row *peer = find(rows, goal.bench, goal.peer, goal.peer_metric.empty() ? goal.metric : goal.peer_metric);
    if (!peer || peer->value == 0)
        return {};
    const double ratio = figure->value / peer->value;
    return Outcome{figure->value, peer->value, ratio, ratio <= goal.at_most};
}

} // namespace bench
