// SPDX-License-Identifier: GPL-2.0-only
//
// The subcommands. A register function adds its own to `app`, with
// a callback for the work: print to stdout, and throw ctl::Error.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "output.h"
#include "sysfs.h"

namespace ctl {

// The options before the subcommand. The struct outlives the parse.
struct Context {
    std::string root = "/sys";
    int status = 0; // of a child program

    Sysfs sysfs() const { return Sysfs(root); }
    // Of a loaded module: throws Exit::not_loaded otherwise.
    Sysfs loaded_sysfs() const;
};

void register_status(CLI::App &app, Context &context);
void register_check(CLI::App &app, Context &context);
void register_devices(CLI::App &app, Context &context);
void register_mode(CLI::App &app, Context &context);
void register_switches(CLI::App &app, Context &context); // isolate, vfio
void register_flush(CLI::App &app, Context &context);
void register_stats(CLI::App &app, Context &context);
void register_metrics(CLI::App &app, Context &context);
void register_top(CLI::App &app, Context &context);
void register_report(CLI::App &app, Context &context);
void register_profile(CLI::App &app, Context &context);

// Seconds between two looks, 0.01 to 86400.
CLI::Option *add_seconds(CLI::App &command, const std::string &name, double &seconds, const std::string &help);

} // namespace ctl
