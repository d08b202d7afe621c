// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Frames from one port to the other. One lcore does all: makes frames, polls both
// ports, and checks received frames.
#pragma once

#include <vector>

#include "machine.h"
#include "pool.h"
#include "port.h"

namespace pmd {

// Of one case: its pools, and the ports, started with them. All throw Error: a fault,
// or a lost or changed frame.
class Traffic {
public:
    Traffic(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports,
            const Case &is);
    ~Traffic();
    Traffic(const Traffic &) = delete;
    Traffic &operator=(const Traffic &) = delete;

    // The measured parts. Each returns its number of buffers, which are in burst().
    unsigned take();
    unsigned send(unsigned n) { return out_.send(burst_.data(), n); }
    unsigned receive() { return in_.receive(burst_.data(), static_cast<unsigned>(burst_.size())); }
    void give(unsigned n) { rte_pktmbuf_free_bulk(burst_.data(), n); }

    // The parts in between. Payload for a burst before the burst leaves.
    void fill(unsigned n);
    // Sends the rest of a burst that the port did not take at once.
    void send_rest(unsigned sent, unsigned n);
    // Checks a received burst.
    void verify(unsigned n);
    // n frames have come and stay, or did not come: 0.
    void arrived(unsigned n);
    // Frames have come, and are on their way again.
    void moved() { quiet_since_ = 0; }
    // Nothing moves: after a while an error, or a loss.
    void idle();

    // A burst of new frames, if the wire has room; a burst out of the wire. Return: the number.
    unsigned offer();
    unsigned sink();
    // All frames on the wire arrive.
    void drain();

    bool has_room() const { return in_flight_ + burst_.size() <= most_; }
    PoolStats stats() const;
    // From now on frames may be lost. Return: losses since the last call.
    unsigned take_losses();

    Pool &send_pool() { return send_pool_; }
    std::vector<rte_mbuf *> &burst() { return burst_; }

private:
    const Options &options_;
    const Machine &machine_;
    const unsigned size_;
    Port &out_, &in_;
    Pool send_pool_, receive_pool_; // the measured pool has its mapping, the other none
    Mac to_, from_;
    std::vector<rte_mbuf *> burst_;
    std::size_t most_; // frames on the wire: the receiver has buffers for them
    std::size_t in_flight_ = 0;
    std::uint64_t number_ = 0, quiet_since_ = 0;
    bool lossy_ = false;
    unsigned lost_ = 0;
};

} // namespace pmd
