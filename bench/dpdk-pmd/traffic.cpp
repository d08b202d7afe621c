// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "traffic.h"

#include <algorithm>

#include <fmt/core.h>
#include <rte_cycles.h>

#include "error.h"

namespace pmd {
namespace {

// A frame later than this time is lost.
constexpr double seconds = 5, seconds_if_lossy = 0.2;

bool sends_measured(Mode mode) { return mode == Mode::tx || mode == Mode::rfc2544; }

PoolOptions pool_options(const Options &o, const Case &is, bool measured, pviommu::Space *space)
{
    return {o.buffers_of(), is.size, measured ? is.mapping : Mapping::none, is.burst, o.pending_of(is.burst), space};
}

} // namespace

Traffic::Traffic(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports,
                 const Case &is)
    : options_(options), machine_(machine), size_(is.size - fcs), out_(ports.front()), in_(ports.back()),
      send_pool_("send", pool_options(options, is, sends_measured(is.mode), space)),
      receive_pool_("receive", pool_options(options, is, is.mode != Mode::tx, space)), to_(in_.mac()),
      from_(out_.mac()), burst_(is.burst), most_(options.ring_of(is.burst) / 2)
{
    in_.start(receive_pool_.get(), options.ring_of(is.burst), is.size);
    // The port receives nothing, but must have buffers for a start.
    if (&out_ != &in_)
        out_.start(send_pool_.get(), options.ring_of(is.burst), is.size);
    in_.await_link();
    out_.await_link();
}

// The ports return their buffers; the pools unmap them.
Traffic::~Traffic()
{
    out_.stop();
    if (&out_ != &in_)
        in_.stop();
    // Not those of virtio: the device may still use its buffers.
    const bool whole = send_pool_.whole() && receive_pool_.whole();
    if (whole || options_.simulated())
        return;
    out_.plug_again();
    if (&out_ != &in_)
        in_.plug_again();
}

unsigned Traffic::take()
{
    const auto n = static_cast<unsigned>(burst_.size());
    return rte_pktmbuf_alloc_bulk(send_pool_.get(), burst_.data(), n) ? 0 : n;
}

void Traffic::fill(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        auto *data = reinterpret_cast<std::byte *>(rte_pktmbuf_append(burst_[i], static_cast<std::uint16_t>(size_)));
        write_frame({data, size_}, to_, from_, number_++);
    }
    in_flight_ += n;
}

void Traffic::send_rest(unsigned sent, unsigned n)
{
    while (sent < n) {
        const unsigned more = out_.send(burst_.data() + sent, n - sent);
        sent += more;
        if (!more)
            idle();
    }
}

void Traffic::verify(unsigned n)
{
    if (!options_.verify)
        return;
    for (unsigned i = 0; i < n; i++) {
        const rte_mbuf *m = burst_[i];
        const auto seen = read_frame({rte_pktmbuf_mtod(m, const std::byte *), m->data_len}, size_);
        if (!seen)
            throw Error(Exit::failed, "a frame came that is none of ours: nothing else may be on the wire");
        if (!seen->wrong.empty())
            throw Error(Exit::failed, seen->wrong);
    }
}

void Traffic::arrived(unsigned n)
{
    in_flight_ -= std::min<std::size_t>(n, in_flight_);
    if (n)
        quiet_since_ = 0;
    else
        idle();
}

void Traffic::idle()
{
    const std::uint64_t now = rte_rdtsc();
    if (!quiet_since_)
        quiet_since_ = now;
    const double patience = (lossy_ ? seconds_if_lossy : seconds) * static_cast<double>(rte_get_tsc_hz());
    if (static_cast<double>(now - quiet_since_) < patience)
        return;
    machine_.check_faults();
    if (!lossy_)
        throw Error(Exit::failed, fmt::format("{} frames are lost, {} of them found no buffer: are the ports on one "
                                              "wire, and nothing else with them?",
                                              in_flight_, in_.missed()));
    lost_ += static_cast<unsigned>(in_flight_);
    in_flight_ = 0;
    quiet_since_ = 0;
}

unsigned Traffic::offer()
{
    const unsigned n = has_room() ? take() : 0;
    fill(n);
    if (n)
        send_rest(0, n);
    return n;
}

unsigned Traffic::sink()
{
    const unsigned n = receive();
    verify(n);
    give(n);
    arrived(n);
    return n;
}

void Traffic::drain()
{
    while (in_flight_)
        sink();
}

PoolStats Traffic::stats() const
{
    PoolStats sum = send_pool_.stats();
    const PoolStats other = receive_pool_.stats();
    sum.maps += other.maps;
    sum.unmaps += other.unmaps;
    sum.calls += other.calls;
    sum.map_cycles += other.map_cycles;
    sum.unmap_cycles += other.unmap_cycles;
    return sum;
}

unsigned Traffic::take_losses()
{
    lossy_ = true;
    return std::exchange(lost_, 0);
}

} // namespace pmd
