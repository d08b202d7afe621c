// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl flush: what waits or idles is unmapped now.
#include <fmt/format.h>

#include "advice.h"
#include "commands.h"
#include "error.h"

namespace ctl {

void register_flush(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("flush", "Unmap and flush what waits or idles, on all CPUs, and return then");
    command->callback([&context] {
        const Sysfs sysfs = context.loaded_sysfs();
        if (const int error = write_file(sysfs.module_file("flush"), "1\n"))
            throw Error(Exit::failed, fmt::format("flush refused: {}", flush_refused(error, sysfs.status())));
    });
}

} // namespace ctl
