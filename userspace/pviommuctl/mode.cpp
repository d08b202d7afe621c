// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl mode: a device's mode, shown or set. The kernel, which may be newer,
// decides which modes exist.
#include <memory>

#include <fmt/format.h>

#include "advice.h"
#include "commands.h"
#include "error.h"

namespace ctl {

namespace {

struct Options {
    std::string device, mode;
};

void set(const Sysfs &sysfs, const std::string &address, const std::string &mode)
{
    if (const int error = write_file(sysfs.device_file(address, "mode"), mode + '\n'))
        throw Error(Exit::failed,
                    fmt::format("{}: mode {} refused: {}", address, mode, mode_refused(error, address, mode)));
}

void run(const Context &context, const Options &o)
{
    const Sysfs sysfs = context.loaded_sysfs();
    const std::string address = sysfs.require_device(o.device);
    if (!o.mode.empty())
        set(sysfs, address, o.mode);
    const auto device = sysfs.device(address);
    if (!device)
        throw Error(Exit::failed, fmt::format("{}: the device was unbound meanwhile", address));
    put(fmt::format("{} {}\n", address, device->mode));
}

} // namespace

void register_mode(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("mode", "Show or set the mode of a device");
    const auto options = std::make_shared<Options>();
    const CLI::Validator word(
        [](std::string &text) {
            const bool good = !text.empty() && text.find_first_of(" \t\n") == std::string::npos;
            return good ? std::string() : "'" + text + "' is not one word";
        },
        "");
    command->add_option("device", options->device, "PCI address, with or without its domain")->required();
    command->add_option("mode", options->mode, "static, reuse, lazy or strict; shown if left out")->check(word);
    command->callback([&context, options] { run(context, *options); });
}

} // namespace ctl
