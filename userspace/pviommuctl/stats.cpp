// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl stats: all counters, once, or their growth in each interval.
#include <chrono>
#include <memory>

#include "commands.h"
#include "error.h"
#include "json.h"
#include "text.h"
#include "ticker.h"

namespace ctl {

namespace {

struct Options {
    double watch = 0;
    unsigned count = 0; // 0: until a signal
    bool json = false;
    std::string device;
};

// The whole module's, or one device's; nothing if the owner is gone.
std::optional<Sample> sample(const Sysfs &sysfs, const std::string &address)
{
    const auto when = Clock::now();
    if (address.empty()) {
        if (auto totals = sysfs.totals())
            return Sample{when, std::move(*totals)};
    } else if (auto device = sysfs.device(address)) {
        return Sample{when, std::move(device->totals)};
    }
    return std::nullopt;
}

double seconds_since_1970()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void put_event(const Options &o, const std::string &event)
{
    put(o.json ? event_json(event, seconds_since_1970()) + '\n' : event + '\n');
}

// A new load of the module, or a new binding of the device, in the middle of an
// interval is worth a line, and no reason to end.
void put_interval(const Options &o, const std::optional<Sample> &before, const std::optional<Sample> &after)
{
    if (!after)
        return put_event(o, o.device.empty() ? "not loaded" : "not bound");
    if (!before)
        return put_event(o, "counters restarted");
    const Interval i = between(*before, *after);
    put(o.json ? interval_json(i, seconds_since_1970()) + '\n' : interval_text(i));
}

void watch(const Sysfs &sysfs, const Options &o, const std::string &address)
{
    Ticker ticker(o.watch);
    std::optional<Sample> before = sample(sysfs, address);
    for (unsigned n = 0; (!o.count || n < o.count) && ticker.wait(); n++) {
        std::optional<Sample> after = sample(sysfs, address);
        put_interval(o, before, after);
        before = std::move(after);
    }
}

void run(const Context &context, const Options &o)
{
    const Sysfs sysfs = context.loaded_sysfs();
    const std::string address = o.device.empty() ? "" : sysfs.require_device(o.device);
    if (o.watch > 0)
        return watch(sysfs, o, address);
    const std::optional<Sample> now = sample(sysfs, address);
    if (!now)
        throw Error(Exit::failed, "it went away meanwhile");
    put(o.json ? stats_json(now->totals.counters) + '\n' : stats_text(now->totals.counters));
}

} // namespace

void register_stats(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("stats", "All counters, and their ratios");
    const auto o = std::make_shared<Options>();
    auto *watch = add_seconds(*command, "--watch", o->watch, "differences and rates of every so many SECONDS");
    command->add_option("--count", o->count, "end after so many intervals")->needs(watch)->check(CLI::PositiveNumber);
    command->add_flag("--json", o->json, "print JSON; with --watch, one object a line");
    command->add_option("--device", o->device, "the counters of one device, by its PCI address");
    command->callback([&context, o] { run(context, *o); });
}

} // namespace ctl
