// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "run.h"

#include <rte_cycles.h>

#include "error.h"

namespace pmd {
namespace {

void send(Traffic &t, std::uint64_t packets, Result &r)
{
    while (r.packets < packets) {
        t.sink();
        if (!t.has_room())
            continue;
        std::uint64_t begin = rte_rdtsc();
        const unsigned n = t.take();
        std::uint64_t cycles = rte_rdtsc() - begin;
        // Until the port returns its sent buffers.
        if (!n)
            continue;
        t.fill(n);
        begin = rte_rdtsc();
        const unsigned sent = t.send(n);
        cycles += rte_rdtsc() - begin;
        t.send_rest(sent, n);
        count(r, cycles, n);
    }
}

void receive(Traffic &t, std::uint64_t packets, Result &r)
{
    while (r.packets < packets) {
        t.offer();
        std::uint64_t begin = rte_rdtsc();
        const unsigned n = t.receive();
        std::uint64_t cycles = rte_rdtsc() - begin;
        t.arrived(n);
        if (!n)
            continue;
        t.verify(n);
        begin = rte_rdtsc();
        t.give(n);
        cycles += rte_rdtsc() - begin;
        count(r, cycles, n);
    }
}

// The same frames, round and round.
void forward(Traffic &t, std::uint64_t packets, Result &r)
{
    while (t.offer())
        ;
    while (r.packets < packets) {
        std::uint64_t begin = rte_rdtsc();
        const unsigned n = t.receive();
        std::uint64_t cycles = rte_rdtsc() - begin;
        if (!n) {
            t.idle();
            continue;
        }
        t.verify(n);
        begin = rte_rdtsc();
        const unsigned sent = t.send(n);
        cycles += rte_rdtsc() - begin;
        t.send_rest(sent, n);
        t.moved();
        count(r, cycles, n);
    }
}

void pass(Traffic &t, Mode mode, std::uint64_t packets, Result &r)
{
    switch (mode) {
    case Mode::tx:
        return send(t, packets, r);
    case Mode::rx:
        return receive(t, packets, r);
    default:
        return forward(t, packets, r);
    }
}

} // namespace

Gained::Gained(const Traffic &traffic, const Machine &machine)
    : traffic_(traffic), machine_(machine), stats_(traffic.stats()), events_(machine.events())
{}

void Gained::add_to(Result &r) const
{
    const PoolStats now = traffic_.stats();
    const auto events = machine_.events();
    r.map += now.map_cycles - stats_.map_cycles;
    r.unmap += now.unmap_cycles - stats_.unmap_cycles;
    r.maps += now.maps - stats_.maps;
    r.unmaps += now.unmaps - stats_.unmaps;
    r.calls += now.calls - stats_.calls;
    if (events && events_)
        r.events = Events{events->hypercalls - events_->hypercalls, events->flushes - events_->flushes};
    else
        r.events.reset();
}

void count(Result &r, std::uint64_t cycles, unsigned packets)
{
    r.cycles += cycles;
    r.packets += packets;
    r.per_packet.add(cycles / packets, packets);
}

Result measure(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports,
               const Case &is)
{
    Traffic traffic(options, machine, space, ports, is);
    Result r{.is = is};
    if (is.mode == Mode::rfc2544) {
        r = search_rate(options, traffic, machine, is);
    } else {
        Result warmup{.is = is};
        pass(traffic, is.mode, options.warmup, warmup);
        const Gained gained(traffic, machine);
        pass(traffic, is.mode, options.packets, r);
        gained.add_to(r);
        traffic.drain();
        r.rate = static_cast<double>(r.packets) * static_cast<double>(rte_get_tsc_hz()) /
                 static_cast<double>(std::max<std::uint64_t>(r.cycles, 1));
    }
    machine.check_faults();
    return r;
}

} // namespace pmd
