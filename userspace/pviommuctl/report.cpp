// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl report: batching by a record of perf.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "commands.h"
#include "error.h"
#include "report_output.h"

namespace ctl {

namespace {

struct Options : ReportOutput {
    std::string file;
};

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

// "-" is stdin, which stays open.
File open_input(const std::string &name)
{
    if (name == "-")
        return {stdin, [](std::FILE *) { return 0; }};
    File file(std::fopen(name.c_str(), "re"), std::fclose);
    if (!file)
        throw Error(Exit::failed, name + ": " + std::strerror(errno));
    return file;
}

void run(const Options &o)
{
    const File file = open_input(o.file);
    const Report report = read_report(file.get(), o.file == "-" ? "stdin" : o.file);
    put_report(report, o);
    require_complete(report);
}

} // namespace

void register_report(CLI::App &app, Context &)
{
    auto *command = app.add_subcommand("report", "A record of perf in sum: batches, costs, and callers");
    const auto o = std::make_shared<Options>();
    command->add_option("file", o->file, "the output of perf script --ns --show-lost-events; - is stdin")
        ->type_name("FILE")
        ->required();
    add_report_options(*command, *o);
    command->footer("Status 4: events were lost.");
    command->callback([o] { run(*o); });
}

} // namespace ctl
