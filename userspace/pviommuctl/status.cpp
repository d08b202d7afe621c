// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl status: the state of the module, and remedies. pviommuctl devices: the served devices.
#include <memory>

#include "commands.h"
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

} // namespace ctl
