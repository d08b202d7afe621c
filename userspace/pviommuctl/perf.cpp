// SPDX-License-Identifier: GPL-2.0-only
#include "perf.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "error.h"

namespace ctl {

namespace {

constexpr const char *install = "apt install linux-perf";
// Files of the folder: perf's record, perf's messages, and perf's orders.
constexpr std::string_view data = "perf.data", said = "said", control = "control", ack = "ack";

[[noreturn]] void fail(std::string_view what, const Path &said)
{
    std::string text = read_file(said).value_or("");
    text.erase(text.find_last_not_of(" \n") + 1);
    throw Error(Exit::failed, fmt::format("{}: {}", what, text.empty() ? "it said nothing" : text));
}

Fd open_fd(const Path &path, int flags)
{
    Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
    if (!fd)
        throw Error(Exit::failed, path.string() + ": " + std::strerror(errno));
    return fd;
}

// With a writer and a reader at once, so that no open() waits for the other end.
Fd open_fifo(const Path &path)
{
    if (::mkfifo(path.c_str(), 0600))
        throw Error(Exit::failed, path.string() + ": " + std::strerror(errno));
    return open_fd(path, O_RDWR | O_NONBLOCK);
}

std::vector<std::string> record_command(const TemporaryFolder &folder, const std::vector<std::string> &events,
                                        const PerfOptions &options)
{
    // One clock for all CPUs. Recording starts on demand. Build ids take time, and
    // this machine reads the record, without them.
    std::vector<std::string> argv = {"perf", "record", "-q", "-B", "-g",          "-k",
                                     "mono", "-D",     "-1", "-m", options.buffer};
    argv.push_back(fmt::format("--control=fifo:{},{}", folder.file(control).string(), folder.file(ack).string()));
    argv.insert(argv.end(), {"-o", folder.file(data).string()});
    if (options.pids.empty())
        argv.emplace_back("-a");
    else
        argv.insert(argv.end(), {"-p", fmt::format("{}", fmt::join(options.pids, ","))});
    if (options.frequency)
        argv.insert(argv.end(), {"-e", fmt::format("cpu-clock/freq={},name=cpu-clock/", options.frequency)});
    for (const std::string &event : events)
        argv.insert(argv.end(), {"-e", event});
    return argv;
}

} // namespace

TemporaryFolder::TemporaryFolder()
{
    std::string name = (std::filesystem::temp_directory_path() / "pviommuctl.XXXXXX").string();
    if (!::mkdtemp(name.data()))
        throw Error(Exit::failed, name + ": " + std::strerror(errno));
    path_ = name;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code none;
    std::filesystem::remove_all(path_, none);
}

std::vector<std::string> wanted_events(const Path &tracing)
{
    const auto there = [&tracing](std::string_view event) {
        std::error_code none;
        return std::filesystem::exists(tracing / "events" / event, none);
    };
    if (!there(""))
        throw Error(Exit::failed, fmt::format("{}/events is not there: be root, and mount -t tracefs tracefs "
                                              "/sys/kernel/tracing",
                                              tracing.string()));
    if (!there("xen_pviommu"))
        throw Error(Exit::failed,
                    "xen_pviommu has no tracepoints: load a module that was built with CONFIG_TRACEPOINTS");
    std::vector<std::string> events = {"xen_pviommu:*"};
    // Their stacks are of no use here, and take room.
    constexpr std::array<std::array<std::string_view, 2>, 4> others = {{{"net", "net_dev_xmit"},
                                                                        {"net", "netif_receive_skb"},
                                                                        {"block", "block_rq_issue"},
                                                                        {"block", "block_rq_complete"}}};
    for (const auto &[system, event] : others)
        if (there(fmt::format("{}/{}", system, event)))
            events.push_back(fmt::format("{}:{}/call-graph=no/", system, event));
    return events;
}

Perf::Perf(const TemporaryFolder &folder, const std::vector<std::string> &events, const PerfOptions &options,
           const StopSignals &signals)
    : said_(folder.file(said)), control_(open_fifo(folder.file(control))), ack_(open_fifo(folder.file(ack))),
      record_(record_command(folder, events, options), signals,
              {.own_group = true, .out = -1, .err = open_fd(said_, O_CREAT | O_WRONLY).get()}, install)
{}

bool Perf::ended()
{
    const auto status = record_.poll();
    if (status && *status)
        fail("perf record failed", said_);
    return status.has_value();
}

void Perf::tell(const std::string &command)
{
    if (ended())
        return;
    const std::string line = command + '\n';
    if (::write(control_.get(), line.data(), line.size()) < 0)
        throw Error(Exit::failed, std::string("perf's control: ") + std::strerror(errno));
    // perf may end during an order, without an answer.
    for (pollfd answer = {ack_.get(), POLLIN, 0}; !ended();) {
        std::array<char, 16> text;
        constexpr int patience_ms = 50;
        if (::poll(&answer, 1, patience_ms) > 0 && ::read(ack_.get(), text.data(), text.size()) > 0)
            return;
    }
}

void Perf::stop()
{
    tell("stop");
    record_.wait();
    ended();
}

Report perf_report(const TemporaryFolder &folder, const StopSignals &signals, std::FILE *keep)
{
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC))
        throw Error(Exit::failed, std::string("pipe: ") + std::strerror(errno));
    Fd out(ends[1]);
    const std::unique_ptr<std::FILE, int (*)(std::FILE *)> in(::fdopen(ends[0], "r"), std::fclose);
    const Fd err = open_fd(folder.file(said), O_CREAT | O_WRONLY | O_TRUNC);
    // Beside /proc/kallsyms perf finds kcore, where modules are part of the kernel.
    const Path symbols = folder.file("kallsyms");
    replace_file(symbols, read_file("/proc/kallsyms").value_or(""));
    Child script({"perf", "script", "-i", folder.file(data).string(), "--ns", "--show-lost-events",
                  "--kallsyms=" + symbols.string()},
                 signals, {.own_group = false, .out = out.get(), .err = err.get()}, install);
    out.close();
    Report report = read_report(in.get(), "perf script", keep);
    if (script.wait())
        fail("perf script failed", folder.file(said));
    return report;
}

} // namespace ctl
