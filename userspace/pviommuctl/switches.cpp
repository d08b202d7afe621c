// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl isolate: hold devices to mapped memory, or show the state.
// pviommuctl vfio: let processes have devices, or show the state.
#include <memory>

#include <fmt/format.h>

#include "advice.h"
#include "commands.h"
#include "error.h"

namespace ctl {

namespace {

// A file of the module that is 0 or 1.
struct Switch {
    const char *name;
    const char *help;
    std::optional<bool> Status::*now;
    std::string (*refused)(int error, bool on, const Status &status);
};

constexpr Switch isolate = {"isolate", "Show, drop (on) or restore (off) the host map", &Status::isolate,
                            isolate_refused};
constexpr Switch vfio = {"vfio", "Show whether VFIO can have devices; allow (on) or forbid (off)", &Status::vfio,
                         vfio_refused};

void run(const Context &context, const Switch &what, const std::string &word)
{
    const Sysfs sysfs = context.loaded_sysfs();
    if (!word.empty()) {
        const bool on = word == "on";
        if (const int error = write_file(sysfs.module_file(what.name), on ? "1\n" : "0\n"))
            throw Error(Exit::failed,
                        fmt::format("{} {} refused: {}", what.name, word, what.refused(error, on, sysfs.status())));
    }
    const std::optional<bool> now = sysfs.status().*what.now;
    if (!now)
        throw Error(Exit::failed, fmt::format("this module has no {}: it is too old", what.name));
    put(*now ? "on\n" : "off\n");
}

void add(CLI::App &app, Context &context, const Switch &what)
{
    auto *command = app.add_subcommand(what.name, what.help);
    const auto word = std::make_shared<std::string>();
    command->add_option("state", *word, "on or off; shown if left out")->check(CLI::IsMember({"on", "off"}));
    command->callback([&context, &what, word] { run(context, what, *word); });
}

} // namespace

void register_switches(CLI::App &app, Context &context)
{
    add(app, context, isolate);
    add(app, context, vfio);
}

} // namespace ctl
