// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "port.h"

#include <chrono>
#include <cstring>
#include <thread>

#include <fmt/format.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <unistd.h>

#include "error.h"

namespace pmd {
namespace {

constexpr unsigned eal_megabytes = 64;
constexpr std::chrono::seconds link_timeout{10};

// The first CPU that this process may use.
int first_cpu()
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set))
        return 0;
    int cpu = 0;
    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set))
        cpu++;
    return cpu;
}

std::vector<std::string> arguments(const Options &o)
{
    // A PV guest has no huge pages.
    std::vector<std::string> args{"pviommu-pmd",
                                  "--no-huge",
                                  "--no-telemetry",
                                  "--no-shconf",
                                  "--iova-mode=va",
                                  "-m",
                                  fmt::to_string(eal_megabytes),
                                  "-l",
                                  fmt::to_string(first_cpu()),
                                  fmt::format("--file-prefix=pviommu-pmd-{}", getpid())};
    if (!o.verbose)
        args.insert(args.end(), {"--log-level=*:error"});
    for (const auto &driver : o.drivers)
        args.insert(args.end(), {"-d", driver});
    for (const auto &port : o.ports)
        args.insert(args.end(), {"-a", port});
    if (!o.base.empty())
        args.push_back("--base-virtaddr=" + o.base);
    if (!o.simulated())
        return args;
    args.insert(args.end(), {"--no-pci", o.loop ? "--vdev=net_pviommu_sim0,loop=1" : "--vdev=net_pviommu_sim0"});
    if (!o.loop)
        args.emplace_back("--vdev=net_pviommu_sim1");
    return args;
}

} // namespace

Eal::Eal(const Options &o)
{
    auto args = arguments(o);
    std::vector<char *> argv;
    for (auto &a : args)
        argv.push_back(a.data());
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0)
        throw Error(Exit::failed, fmt::format("EAL: {}: --verbose has it say why; docs/dpdk.md names what a port needs",
                                              rte_strerror(rte_errno)));
}

Eal::~Eal() { rte_eal_cleanup(); }

void Port::must(int error, const char *what) const
{
    if (error)
        throw Error(Exit::failed,
                    fmt::format("port {}: {}: {}: --verbose has its driver say why", id_, what, std::strerror(-error)));
}

Port::~Port()
{
    if (id_ == RTE_MAX_ETHPORTS)
        return;
    rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
}

void Port::start(rte_mempool *pool, unsigned ring, unsigned size)
{
    rte_eth_conf conf{};
    conf.rxmode.mtu = std::max(size, 1518U) - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
    must(rte_eth_dev_configure(id_, 1, 1, &conf), "configure it");
    must(rte_eth_rx_queue_setup(id_, 0, static_cast<std::uint16_t>(ring), SOCKET_ID_ANY, nullptr, pool),
         "set up its receive queue");
    must(rte_eth_tx_queue_setup(id_, 0, static_cast<std::uint16_t>(ring), SOCKET_ID_ANY, nullptr),
         "set up its send queue");
    must(rte_eth_dev_start(id_), "start it");
    must(rte_eth_promiscuous_enable(id_), "have it receive everything");
}

void Port::await_link() const
{
    const auto end = std::chrono::steady_clock::now() + link_timeout;
    rte_eth_link link{};
    while (!rte_eth_link_get_nowait(id_, &link) && !link.link_status) {
        if (std::chrono::steady_clock::now() > end)
            throw Error(Exit::failed, fmt::format("port {}: no link: is its wire plugged in?", id_));
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void Port::stop() { must(rte_eth_dev_stop(id_), "stop it"); }

void Port::plug_again()
{
    rte_eth_dev_info info{};
    if (rte_eth_dev_info_get(id_, &info))
        return;
    const std::string name = rte_dev_name(info.device);
    rte_eth_dev_close(std::exchange(id_, std::uint16_t{RTE_MAX_ETHPORTS}));
    if (!rte_dev_remove(info.device) && !rte_dev_probe(name.c_str()))
        rte_eth_dev_get_port_by_name(name.c_str(), &id_);
}

Mac Port::mac() const
{
    rte_ether_addr address{};
    must(rte_eth_macaddr_get(id_, &address), "ask for its address");
    Mac mac;
    std::copy(std::begin(address.addr_bytes), std::end(address.addr_bytes), mac.begin());
    return mac;
}

std::uint64_t Port::missed() const
{
    rte_eth_stats stats{};
    rte_eth_stats_get(id_, &stats);
    return stats.imissed + stats.rx_nombuf;
}

std::vector<Port> find_ports(const Options &o)
{
    std::vector<Port> ports;
    std::uint16_t id;
    RTE_ETH_FOREACH_DEV(id)
    ports.emplace_back(id);
    const std::size_t wanted = o.simulated() ? (o.loop ? 1 : 2) : o.ports.size();
    if (ports.size() != wanted)
        throw Error(
            Exit::failed,
            fmt::format("{} of {} ports can be used: give them to vfio-pci, and load their driver with --driver; "
                        "--verbose has EAL say why",
                        ports.size(), wanted));
    return ports;
}

} // namespace pmd
