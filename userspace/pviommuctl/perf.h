// SPDX-License-Identifier: GPL-2.0-only
//
// perf, which records our events and prints them.
#pragma once

#include <string>
#include <vector>

#include "child.h"
#include "fd.h"
#include "files.h"
#include "noncopyable.h"
#include "report_input.h"

namespace ctl {

// A folder that is gone at the end, with all in it.
class TemporaryFolder : NonCopyable {
public:
    TemporaryFolder();
    ~TemporaryFolder();

    Path file(std::string_view name) const { return path_ / name; }

private:
    Path path_;
};

struct PerfOptions {
    std::string buffer = "8M"; // of each CPU
    std::vector<int> pids;     // none: the whole system
    // Samples a second of where a CPU is; 0: none. No divisor of the tick's 250, or
    // they would all be of what a tick does.
    unsigned frequency = 199;
};

// The events that there are, of those that a report reads, as perf's -e names them.
// Throws if those of xen_pviommu are not there. `tracing` is of tracefs.
std::vector<std::string> wanted_events(const Path &tracing);

class Perf {
public:
    // Starts it, without recording yet. Throws with what perf said if it can't.
    Perf(const TemporaryFolder &folder, const std::vector<std::string> &events, const PerfOptions &options,
         const StopSignals &signals);

    // They return when it has been done; at once if it has ended by itself, as it
    // does behind the last process that it records. They throw if it failed.
    void enable() { tell("enable"); }
    void disable() { tell("disable"); }
    // Writes the record, and ends.
    void stop();
    bool ended();

private:
    void tell(const std::string &command);

    Path said_;
    Fd control_, ack_;
    Child record_;
};

// What it recorded into `folder`. Each line goes to `keep`, too, if that is no nullptr.
Report perf_report(const TemporaryFolder &folder, const StopSignals &signals, std::FILE *keep);

} // namespace ctl
