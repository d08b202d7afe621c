// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// EAL, and the ports that it has found.
#pragma once

#include <string>
#include <vector>

#include <rte_ethdev.h>

#include "frame.h"
#include "options.h"

namespace pmd {

// While it lives DPDK can be used. Throws Error.
class Eal {
public:
    explicit Eal(const Options &options);
    ~Eal();
    Eal(const Eal &) = delete;
    Eal &operator=(const Eal &) = delete;
};

// Started with pools for what it receives, and again with others.
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
    // Takes the device away, with all buffers that it has, and gives it back as it
    // was at first. If that fails it can't be started any more.
    void plug_again();
    Mac mac() const;
    std::uint64_t missed() const; // frames that found no buffer
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

// One if it has its wire to itself, else two.
std::vector<Port> find_ports(const Options &options);

} // namespace pmd
