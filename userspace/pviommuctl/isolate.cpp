// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl isolate: whether devices are held to what is mapped for them.
#include <memory>

#include <fmt/format.h>

#include "advice.h"
#include "commands.h"
#include "error.h"

namespace ctl {

namespace {

void run(const Context &context, const std::string &word)
{
    const Sysfs sysfs = context.loaded_sysfs();
    if (!word.empty()) {
        const bool on = word == "on";
        if (const int error = write_file(sysfs.module_file("isolate"), on ? "1\n" : "0\n"))
            throw Error(Exit::failed,
                        fmt::format("isolate {} refused: {}", word, isolate_refused(error, on, sysfs.status())));
    }
    const std::optional<bool> now = sysfs.status().isolate;
    if (!now)
        throw Error(Exit::failed, "this module has no isolate: it is too old");
    put(*now ? "on\n" : "off\n");
}

} // namespace

void register_isolate(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("isolate", "Show, drop (on) or restore (off) the host map");
    const auto word = std::make_shared<std::string>();
    command->add_option("state", *word, "on or off; shown if left out")->check(CLI::IsMember({"on", "off"}));
    command->callback([&context, word] { run(context, *word); });
}

} // namespace ctl
