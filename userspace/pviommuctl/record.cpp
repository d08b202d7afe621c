// SPDX-License-Identifier: GPL-2.0-only
//
// pviommuctl profile: has perf record while something runs, and reports.
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands.h"
#include "error.h"
#include "perf.h"
#include "report_output.h"
#include "sample.h"

namespace ctl {

namespace {

struct Options : ReportOutput {
    PerfOptions perf;
    bool all = false;
    double seconds = 0; // 0: until the command ends, or a signal comes
    std::string keep;
    std::vector<std::string> command;
};

// Until the command ends, its time is over, or a signal comes. Returns the
// command's status.
int work(const Options &o, const StopSignals &signals, Perf &perf)
{
    const auto end = Clock::now() + std::chrono::duration<double>(o.seconds);
    std::optional<Child> command;
    if (!o.command.empty())
        command.emplace(o.command, signals, ChildOptions{}, "");
    for (bool asked = false; !perf.ended();) {
        if (command && command->poll())
            return *command->poll();
        // Short, as perf's end may be the signal, sent for another child.
        constexpr double patience = 0.2;
        const auto caught = signals.wait(patience);
        const bool over = o.seconds > 0 && Clock::now() >= end;
        if (!command && (caught || over))
            return 0;
        if (caught && !caught->by_terminal)
            command->signal(caught->number);
        if (over && !asked) {
            command->signal(SIGTERM);
            asked = true;
        }
    }
    return command ? command->wait() : 0;
}

// The comparison of events and counters. A single process has none, because
// counters are of all processes.
void check(Report &report, const Options &o, const std::array<std::optional<Totals>, 4> &read)
{
    if (!o.perf.pids.empty())
        return;
    std::array<Counters, 4> counters;
    for (size_t i = 0; i < read.size(); i++) {
        report.reloaded |= !read[i] || read[i]->birth != read[0]->birth;
        if (read[i])
            counters[i] = read[i]->counters;
    }
    if (!report.reloaded)
        report.checks = compare(report.profile, counters);
}

std::string title(const Options &o)
{
    if (!o.command.empty())
        return fmt::format("{}", fmt::join(o.command, " "));
    return o.perf.pids.empty() ? "the whole system" : fmt::format("process {}", fmt::join(o.perf.pids, ", "));
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

File open_keep(const std::string &name)
{
    File file(name.empty() ? nullptr : std::fopen(name.c_str(), "we"),
              [](std::FILE *f) { return f ? std::fclose(f) : 0; });
    if (!file && !name.empty())
        throw Error(Exit::failed, name + ": " + std::strerror(errno));
    return file;
}

void close_keep(File file, const std::string &name)
{
    if (file && (std::ferror(file.get()) || std::fclose(file.release())))
        throw Error(Exit::failed, name + ": " + std::strerror(errno));
}

void run(Context &context, const Options &o)
{
    const Sysfs sysfs = context.loaded_sysfs();
    for (const int pid : o.perf.pids)
        if (::kill(pid, 0) && errno == ESRCH)
            throw Error(Exit::usage, fmt::format("there is no process {}", pid));
    const auto events = wanted_events(Path(context.root) / "kernel/tracing");
    const StopSignals signals;
    const TemporaryFolder folder;
    File keep = open_keep(o.keep);
    Perf perf(folder, events, o.perf, signals);
    std::array<std::optional<Totals>, 4> read = {sysfs.totals()};
    perf.enable();
    read[1] = sysfs.totals();
    context.status = work(o, signals, perf);
    read[2] = sysfs.totals();
    perf.disable();
    read[3] = sysfs.totals();
    perf.stop();
    Report report = perf_report(folder, signals, keep.get());
    close_keep(std::move(keep), o.keep);
    report.title = title(o);
    check(report, o, read);
    put_report(report, o);
    if (!context.status)
        require_complete(report);
    else if (const std::string lacks = incomplete(report); !lacks.empty())
        fmt::print(stderr, "pviommuctl: {}\n", lacks);
}

} // namespace

void register_profile(CLI::App &app, Context &context)
{
    auto *command = app.add_subcommand("profile", "Have perf record while a command runs, and report");
    const auto o = std::make_shared<Options>();
    auto *pids = command->add_option("--pid", o->perf.pids, "only events of this process")->type_name("PID");
    pids->check(CLI::PositiveNumber)->allow_extra_args(false);
    command->add_flag("--all", o->all, "all events in dom0 (the default)")->excludes(pids);
    add_seconds(*command, "--seconds", o->seconds, "end after so many SECONDS, also the command");
    command->add_option("--buffer", o->perf.buffer, "perf's buffer for each CPU; larger, if events are lost")
        ->type_name("SIZE")
        ->capture_default_str()
        ->check([](const std::string &size) {
            const bool good = size.find_first_not_of("0123456789") == size.size() - 1 && size.size() > 1 &&
                              size[0] != '0' && std::string("KMG").find(size.back()) != std::string::npos;
            return good ? "" : size + " is no size such as 64K or 8M";
        });
    command->add_option("--frequency", o->perf.frequency, "how often a second to see where each CPU is; 0: never")
        ->type_name("HZ")
        ->capture_default_str()
        ->check(CLI::Range(0, 10000));
    command->add_option("--keep", o->keep, "the output of perf script, for pviommuctl report")->type_name("FILE");
    add_report_options(*command, *o);
    command->add_option("command", o->command, "the command to run meanwhile, behind --")->type_name("COMMAND...");
    command->footer("Status: of the command, if not 0; 4: events were lost.");
    command->callback([&context, o] { run(context, *o); });
}

} // namespace ctl
