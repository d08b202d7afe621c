// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl status: the state of the module, and remedies. pviommuctl devices: the served devices.
// pviommuctl check: the steps to a protected dom0.
#include <algorithm>
#include <memory>

#include "check.h"
#include "commands.h"
#include "error.h"
#include "json.h"
#include "text.h"

namespace ctl {

namespace {

// A command that prints what sysfs says, for people or as JSON.
template <typename What, typename Text, typename Json>
void add(CLI::App &app, Context &context, const char *name, const char *help, What (Sysfs::*what)() const, Text text,
         Json json)
{
    auto *command = app.add_subcommand(name, help);
    const auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "print JSON");
    command->callback([=, &context] {
        const What said = (context.loaded_sysfs().*what)();
        put(*as_json ? json(said) + '\n' : text(said));
    });
}

} // namespace

void register_status(CLI::App &app, Context &context)
{
    add(app, context, "status", "Whether xen_pviommu is active; if not, why, and the remedy", &Sysfs::status,
        status_text, status_json);
}

void register_devices(CLI::App &app, Context &context)
{
    add(app, context, "devices", "The served PCI devices, with their counters", &Sysfs::devices, devices_text,
        devices_json);
}

void register_check(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("check", "Each step to a protected dom0: done, or its remedy");
    const auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "print JSON");
    command->callback([as_json, &context] {
        const std::vector<Step> steps = check(context.sysfs());
        put(*as_json ? check_json(steps) + '\n' : check_text(steps));
        if (!std::ranges::all_of(steps, [](const Step &s) { return s.remedy.empty(); }))
            context.status = static_cast<int>(Exit::failed);
    });
}

} // namespace ctl
