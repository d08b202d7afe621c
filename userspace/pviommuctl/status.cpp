// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl status: the state of the module, and remedies.
#include <memory>

#include "commands.h"
#include "json.h"
#include "text.h"

namespace ctl {

void register_status(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("status", "Whether xen_pviommu is active; if not, why, and the remedy");
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "print JSON");
    command->callback([&context, json] {
        const Status s = context.loaded_sysfs().status();
        put(*json ? status_json(s) + '\n' : status_text(s));
    });
}

} // namespace ctl
