// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// EAL, and its ports.
#pragma once

#include <string>
#include <vector>

#include <rte_ethdev.h>

#include "frame.h"
#include "options.h"

namespace pmd {

// DPDK can be used while the object lives. Throws Error.
class Eal {
public:
    explicit Eal(const Options &options);
    ~Eal();
    Eal(const Eal &) = delete;
    Eal &operator=(const Eal &) = delete;
};

// Started with pools for received frames, and again with other pools.
class Port {
public:
    explicit Port(std::uint16_t id) : id_(id) {}
    ~Port();
    Port(Port &&other) noexcept : id_(std::exchange(other.id_, std::uint16_t{RTE_MAX_ETHPORTS})) {}
    Port(const Port &) = delete;
    Port &operator=(const Port &) = delete;
    Port &operator=(Port &&) = delete;

    void start(rte_mempool *pool, unsigned ring, unsigned size);
    void await_link() const;
    void stop();
    // Removes the device, with all of its buffers, and brings the device back in its
    // first state. After a failure the device can't be started any more.
    void plug_again();
    Mac mac() const;
    std::uint64_t missed() const; // frames without a buffer
    std::uint16_t receive(rte_mbuf **m, unsigned n) const
    {
        return rte_eth_rx_burst(id_, 0, m, static_cast<std::uint16_t>(n));
    }
    std::uint16_t send(rte_mbuf **m, unsigned n) const
    {
        return rte_eth_tx_burst(id_, 0, m, static_cast<std::uint16_t>(n));
    }

private:
    void must(int error, const char *what) const;

    std::uint16_t id_;
};

// One port with a wire of its own, else two.
std::vector<Port> find_ports(const Options &options);

} // namespace pmd
