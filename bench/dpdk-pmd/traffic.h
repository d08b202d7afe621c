// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Frames from one port to the other. One lcore does all: it makes frames, polls both
// ports, and looks at what has come.
#pragma once

#include <vector>

#include "machine.h"
#include "pool.h"
#include "port.h"

namespace pmd {

// Of one case: its pools, and the ports, started with them. All throw Error: a fault,
// a frame that is lost or comes otherwise than it was sent.
class Traffic {
public:
    Traffic(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports,
            const Case &is);
    ~Traffic();
    Traffic(const Traffic &) = delete;
    Traffic &operator=(const Traffic &) = delete;

    // The parts that are measured. Each says how many buffers it had; they are in burst().
    unsigned take();
    unsigned send(unsigned n) { return out_.send(burst_.data(), n); }
    unsigned receive() { return in_.receive(burst_.data(), static_cast<unsigned>(burst_.size())); }
    void give(unsigned n) { rte_pktmbuf_free_bulk(burst_.data(), n); }

    // The parts between them. Payload for a burst that was taken, and it is on its way.
    void fill(unsigned n);
    // Sends what of a burst the port did not take at once.
    void send_rest(unsigned sent, unsigned n);
    // Looks at a burst that was received.
    void verify(unsigned n);
    // n frames have come and stay, or did not come: 0.
    void arrived(unsigned n);
    // Frames have come, and are on their way again.
    void moved() { quiet_since_ = 0; }
    // Nothing moves: after a while that is an error, or a loss.
    void idle();

    // A burst of new frames, if there is room on the wire; one out of it. Return: how many.
    unsigned offer();
    unsigned sink();
    // All that is on its way arrives.
    void drain();

    bool has_room() const { return in_flight_ + burst_.size() <= most_; }
    PoolStats stats() const;
    // From now on frames may be lost. Return: how many were, since it was last asked.
    unsigned take_losses();

    Pool &send_pool() { return send_pool_; }
    std::vector<rte_mbuf *> &burst() { return burst_; }

private:
    const Options &options_;
    const Machine &machine_;
    const unsigned size_;
    Port &out_, &in_;
    Pool send_pool_, receive_pool_; // what is measured has its mapping, the other none
    Mac to_, from_;
    std::vector<rte_mbuf *> burst_;
    std::size_t most_; // frames on the wire: the receiver has buffers for them
    std::size_t in_flight_ = 0;
    std::uint64_t number_ = 0, quiet_since_ = 0;
    bool lossy_ = false;
    unsigned lost_ = 0;
};

} // namespace pmd
