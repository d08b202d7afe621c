// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl devices: the served devices.
#include <memory>

#include "commands.h"
#include "json.h"
#include "text.h"

namespace ctl {

void register_devices(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("devices", "The served PCI devices, with their counters");
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "print JSON");
    command->callback([&context, json] {
        const std::vector<Device> devices = context.loaded_sysfs().devices();
        put(*json ? devices_json(devices) + '\n' : devices_text(devices));
    });
}

} // namespace ctl
