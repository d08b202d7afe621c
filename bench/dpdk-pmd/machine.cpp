// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "machine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>

#include <fmt/core.h>
#include <rte_lcore.h>

#include "error.h"
#include "pool.h"
#include "sim_nic.h"

namespace pmd {
namespace {

std::optional<std::uint64_t> read_counter(const std::string &sysfs, const std::string &name)
{
    std::ifstream file(sysfs + "/counters/" + name);
    std::uint64_t value;
    return file >> value ? std::optional(value) : std::nullopt;
}

} // namespace

Machine::Machine(const Options &options) : options_(options)
{
    if (!options.simulated())
        return;
    // Pages are scattered in the machine, as they are in a PV dom0.
    auto sim = std::make_unique<pviommu::Sim>(pviommu::Sim::Options{.scattered = true});
    sim_ = sim.get();
    backend_ = std::move(sim);
    sim_nic_use(sim_);
}

// Two pools at a time have their buffers mapped, and a burst's addresses are
// rounded up to a power of two.
std::uint64_t Machine::window() const
{
    const std::uint64_t bytes = 4 * options_.buffers_of() * stride_of(std::ranges::max(options_.sizes));
    return std::clamp<std::uint64_t>(std::bit_ceil(bytes), 2 << 20, 256 << 20);
}

pviommu::Space *Machine::open_space()
{
    if (!sim_) {
        auto device = pviommu::open_device(options_.device);
        if (!device)
            throw Error(Exit::failed, device.error().message());
        backend_ = std::move(*device);
    }
    auto space = pviommu::Space::open(std::move(backend_), {.window = window(), .lcores = rte_lcore_count() + 1});
    if (!space)
        throw Error(Exit::failed, space.error().message());
    space_ = std::move(*space);
    return space_.get();
}

std::optional<Events> Machine::events() const
{
    if (sim_) {
        const auto c = sim_->counters();
        return Events{c.hypercalls, c.flushes};
    }
    const auto hypercalls = read_counter(options_.sysfs, "hypercalls"),
               flushes = read_counter(options_.sysfs, "flushes");
    if (!hypercalls || !flushes)
        return {};
    return Events{*hypercalls, *flushes};
}

void Machine::check_faults() const
{
    if (!sim_ || !sim_->counters().faults)
        return;
    std::array<pviommu::Sim::Fault, 1> last{};
    sim_->faults(last);
    throw Error(Exit::failed, fmt::format("fault: a device would {} {:#x}, which is not mapped so; {} in all",
                                          last[0].write ? "write" : "read", last[0].iova, sim_->counters().faults));
}

} // namespace pmd
