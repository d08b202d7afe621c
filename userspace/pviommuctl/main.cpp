// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl: the state of xen_pviommu in this dom0, and its few switches.
#include "commands.h"
#include "error.h"

namespace {

constexpr const char *epilogue =
    "Exit status: 0 well; 1 the kernel refused, a file can't be read or written, or check misses a step;\n"
    "2 wrong usage; 3 xen_pviommu is not loaded; 4 events were lost.\n"
    "See pviommuctl(1).";

int run(int argc, char **argv)
{
    CLI::App app("Shows and controls xen_pviommu, the DMA mapping of a Xen PV dom0", "pviommuctl");
    ctl::Context context;
    app.set_version_flag("--version", "pviommuctl " PVIOMMUCTL_VERSION);
    app.add_option("--sysfs", context.root, "the mount point of sysfs, or a copy")
        ->type_name("DIR")
        ->capture_default_str()
        ->check(CLI::ExistingDirectory);
    app.footer(epilogue);
    // Options of all commands may also stand behind the command.
    app.fallthrough();
    app.require_subcommand(1);
    for (const auto add : {ctl::register_check, ctl::register_status, ctl::register_devices, ctl::register_mode,
                           ctl::register_switches, ctl::register_flush, ctl::register_stats, ctl::register_metrics,
                           ctl::register_top, ctl::register_report, ctl::register_profile})
        add(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &e) {
        // CLI11 has many codes for wrong usage, and 0 for --help and --version.
        return static_cast<int>(app.exit(e) ? ctl::Exit::usage : ctl::Exit::ok);
    }
    return context.status;
}

} // namespace

int main(int argc, char **argv) { return program::guard("pviommuctl", run, argc, argv); }
