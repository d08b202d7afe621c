// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "options.h"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "error.h"

namespace pmd {
namespace {

const std::map<std::string, Mode> modes{
    {"rx", Mode::rx}, {"tx", Mode::tx}, {"forward", Mode::forward}, {"rfc2544", Mode::rfc2544}};
const std::map<std::string, Mapping> mappings{
    {"none", Mapping::none}, {"burst", Mapping::burst}, {"vfio", Mapping::vfio}, {"single", Mapping::single}};
const std::map<std::string, Stale> stales{{"tx", Stale::tx}, {"rx", Stale::rx}};

template <typename T> const char *key_of(const std::map<std::string, T> &names, T value)
{
    return std::ranges::find(names, value, &std::pair<const std::string, T>::second)->first.c_str();
}

void add_sweep(CLI::App &app, Options &o)
{
    const auto sweep = "Sweep: lists, comma separated; every combination is measured";
    app.add_option("--mode", o.modes, "tx and rx: that side alone; forward: receive and send; rfc2544: zero-loss rate")
        ->transform(CLI::CheckedTransformer(modes).description("{rx,tx,forward,rfc2544}"))
        ->delimiter(',')
        ->group(sweep);
    app.add_option("--mapping", o.mappings,
                   "none: all once; burst: one hypercall; vfio: VFIO's ioctls; single: one op each")
        ->transform(CLI::CheckedTransformer(mappings).description("{none,burst,vfio,single}"))
        ->delimiter(',')
        ->group(sweep);
    app.add_option("--burst", o.bursts, "packets of one burst, taken, mapped and sent together")
        ->check(CLI::Range(1, 512))
        ->delimiter(',')
        ->capture_default_str()
        ->group(sweep);
    app.add_option("--size", o.sizes, "bytes of a frame, with its FCS")
        ->check(CLI::Range(64, 9000))
        ->delimiter(',')
        ->capture_default_str()
        ->group(sweep);
    app.add_option("--packets", o.packets, "of a measurement")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
        ->capture_default_str()
        ->group(sweep);
    app.add_option("--warmup", o.warmup, "packets before it")->capture_default_str()->group(sweep);
    app.add_option("--rounds", o.rounds, "of all combinations, one after the other; added up")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->group(sweep);
    app.add_option("--trial-ms", o.trial_ms, "rfc2544: a trial's time")
        ->check(CLI::Range(1, 600000))
        ->capture_default_str()
        ->group(sweep);
}

void add_machine(CLI::App &app, Options &o)
{
    const auto machine = "Machine";
    app.add_option("--port", o.ports,
                   "PCI addresses of ports under vfio-pci: frames go from the first to the last; "
                   "without any, two virtual ports and a simulated table")
        ->delimiter(',')
        ->group(machine);
    app.add_flag("--loop", o.loop, "a virtual port with a loopback wire")->group(machine);
    app.add_option("--buffers", o.buffers, "of a pool; by default the need of the largest burst")
        ->check(CLI::Range(64, 65536))
        ->group(machine);
    app.add_option("--ring", o.ring, "descriptors of a port, each way")
        ->check(CLI::Range(32, 4096))
        ->capture_default_str()
        ->group(machine);
    app.add_option("--pending", o.pending, "waiting unmaps; by default twice the burst")
        ->check(CLI::Range(1U, max_pending))
        ->group(machine);
    app.add_flag("!--no-verify", o.verify, "do not check received frames")->group(machine);
    app.add_option("--driver", o.drivers, "libraries for EAL, as its -d")->delimiter(',')->group(machine);
    app.add_option("--base-virtaddr", o.base, "where EAL's memory begins, as its own option")->group(machine);
    app.add_option("--device", o.device, "the device of xen_pviommu")->capture_default_str()->group(machine);
    app.add_option("--sysfs", o.sysfs, "folder with the module's counters of hypercalls")
        ->capture_default_str()
        ->group(machine);
    app.add_flag("--verbose", o.verbose, "show EAL's log")->group(machine);
    // For tests: uses a returned buffer.
    app.add_option("--stale", o.stale)->transform(CLI::CheckedTransformer(stales))->group("");
}

} // namespace

const char *name_of(Mode mode) { return key_of(modes, mode); }
const char *name_of(Mapping mapping) { return key_of(mappings, mapping); }

unsigned Options::buffers_needed() const
{
    const unsigned burst = std::ranges::max(bursts);
    return 2 * ring_of(burst) + 3 * burst + pending_of(burst);
}

std::vector<Case> Options::cases() const
{
    std::vector<Case> all;
    for (const unsigned size : sizes)
        for (const Mode mode : modes)
            for (const unsigned burst : bursts)
                for (const Mapping mapping : mappings)
                    all.push_back({mode, mapping, burst, size});
    return all;
}

void add_options(CLI::App &app, Options &o)
{
    add_sweep(app, o);
    add_machine(app, o);
    const auto output = "Output, beside the table";
    app.add_option("--json", o.json, "all results, into FILE")->type_name("FILE")->group(output);
    app.add_option("--csv", o.csv, "a line for each measurement")->type_name("FILE")->group(output);
}

void check(const Options &o)
{
    const auto usage = [](const std::string &what) { throw Error(Exit::usage, what); };
    if (o.buffers_of() < o.buffers_needed())
        usage(fmt::format("--buffers {}: bursts of {} need {} or more", o.buffers, std::ranges::max(o.bursts),
                          o.buffers_needed()));
    if (o.simulated() && std::ranges::count(o.mappings, Mapping::vfio))
        usage("--mapping vfio: only real ports have VFIO; name them with --port");
    if (!o.simulated() && o.loop)
        usage("--loop: only virtual ports have it; leave out --port");
    if (o.ports.size() > 2)
        usage("--port: one or two");
}

} // namespace pmd
