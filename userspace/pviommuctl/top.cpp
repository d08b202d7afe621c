// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl top: the busiest devices, live.
#include <memory>

#include "commands.h"
#include "screen.h"
#include "text.h"
#include "ticker.h"

namespace ctl {

namespace {

struct Options {
    double interval = 1;
    unsigned count = 0; // 0: until a signal
    std::string sort = "maps";
};

struct Look {
    std::optional<Totals> totals; // nothing: not loaded
    DeviceSample devices;
};

Look look(const Sysfs &sysfs)
{
    const auto when = Clock::now();
    return {sysfs.totals(), {when, sysfs.devices()}};
}

std::string frame(const Sysfs &sysfs, const Options &o, const Look &before, const Look &after)
{
    if (!after.totals)
        return "xen_pviommu is not loaded\n";
    std::optional<Interval> totals;
    if (before.totals)
        totals = between({before.devices.when, *before.totals}, {after.devices.when, *after.totals});
    std::vector<Activity> rows = activities(before.devices, after.devices);
    sort_by(rows, o.sort);
    return top_text(sysfs.status(), totals, rows);
}

void run(const Context &context, const Options &o)
{
    const Sysfs sysfs = context.loaded_sysfs();
    Ticker ticker(o.interval);
    const Screen screen;
    Look before = look(sysfs);
    // At once, though without rates: an empty screen looks like a hang.
    if (!o.count)
        screen.show(frame(sysfs, o, {before.totals, {}}, before));
    for (unsigned n = 0; (!o.count || n < o.count) && ticker.wait(); n++) {
        Look after = look(sysfs);
        screen.show(frame(sysfs, o, before, after));
        before = std::move(after);
    }
}

} // namespace

void register_top(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("top", "The devices, by how much they map, again and again");
    const auto o = std::make_shared<Options>();
    add_seconds(*command, "--interval", o->interval, "SECONDS between two frames")->capture_default_str();
    command->add_option("--count", o->count, "end after so many frames")->check(CLI::PositiveNumber);
    command->add_option("--sort", o->sort, "the column to sort by")
        ->check(CLI::IsMember(sort_columns()))
        ->capture_default_str();
    command->callback([&context, o] { run(context, *o); });
}

} // namespace ctl
