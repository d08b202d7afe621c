// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <limits>

#include <rte_cycles.h>

#include "run.h"

namespace pmd {
namespace {

constexpr double precision = 0.01;
constexpr double any_rate = std::numeric_limits<double>::infinity();

struct Trial {
    Result result;
    double rate; // the real rate
    bool good;
};

class Search {
public:
    Search(const Options &options, Traffic &traffic, const Machine &machine, const Case &is)
        : traffic_(traffic), machine_(machine), is_(is), hz_(static_cast<double>(rte_get_tsc_hz())),
          cycles_(options.trial_ms / 1e3 * hz_)
    {
        traffic.take_losses();
    }

    Result run()
    {
        // At full speed: no higher rate is possible.
        double most = offer_at(any_rate).rate, least = 0;
        Result best{.is = is_};
        double rate = most;
        while (most - least > precision * most) {
            Trial t = offer_at(rate);
            if (t.good) {
                least = rate;
                best = std::move(t.result);
            } else {
                most = rate;
            }
            rate = (least + most) / 2;
        }
        best.rate = least;
        return best;
    }

private:
    Trial offer_at(double rate);
    void send(Result &r);
    void receive(Result &r);

    Traffic &traffic_;
    const Machine &machine_;
    const Case &is_;
    const double hz_, cycles_;
};

void Search::send(Result &r)
{
    std::uint64_t begin = rte_rdtsc();
    const unsigned n = traffic_.take();
    std::uint64_t cycles = rte_rdtsc() - begin;
    if (!n)
        return;
    traffic_.fill(n);
    begin = rte_rdtsc();
    const unsigned sent = traffic_.send(n);
    cycles += rte_rdtsc() - begin;
    traffic_.send_rest(sent, n);
    count(r, cycles, n);
}

void Search::receive(Result &r)
{
    std::uint64_t begin = rte_rdtsc();
    const unsigned n = traffic_.receive();
    std::uint64_t cycles = rte_rdtsc() - begin;
    if (!n)
        return;
    traffic_.verify(n);
    begin = rte_rdtsc();
    traffic_.give(n);
    r.cycles += cycles + rte_rdtsc() - begin;
    traffic_.arrived(n);
}

// Bursts when their time has come, however many are on their way.
Trial Search::offer_at(double rate)
{
    Result r{.is = is_};
    const Gained gained(traffic_, machine_);
    const std::uint64_t begin = rte_rdtsc();
    double elapsed = 0;
    while (elapsed < cycles_) {
        if (static_cast<double>(r.packets + is_.burst) <= elapsed * rate / hz_ || rate == any_rate)
            send(r);
        receive(r);
        elapsed = static_cast<double>(rte_rdtsc() - begin);
    }
    gained.add_to(r);
    traffic_.drain();
    const double reached = static_cast<double>(r.packets) * hz_ / elapsed;
    // The burst before its time, and a late burst.
    const bool on_time = static_cast<double>(r.packets + 2 * is_.burst) >= elapsed * rate / hz_;
    const bool whole = traffic_.take_losses() == 0;
    return {std::move(r), reached, on_time && whole};
}

} // namespace

Result search_rate(const Options &options, Traffic &traffic, const Machine &machine, const Case &is)
{
    return Search(options, traffic, machine, is).run();
}

} // namespace pmd
