// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl flush: unmap all waiting and idle mappings now.
#include <fmt/format.h>

#include "advice.h"
#include "commands.h"
#include "error.h"

namespace ctl {

void register_flush(CLI::App &app, Context &context)
{
    auto *command =
        app.add_subcommand("flush", "Unmap and flush all waiting and idle mappings, on all CPUs, then return");
    command->callback([&context] {
        const Sysfs sysfs = context.loaded_sysfs();
        if (const int error = write_file(sysfs.module_file("flush"), "1\n"))
            throw Error(Exit::failed, fmt::format("flush refused: {}", flush_refused(error, sysfs.status())));
    });
}

} // namespace ctl
