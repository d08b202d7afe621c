// SPDX-License-Identifier: GPL-2.0-only
//
// perf, which records and prints the module's events.
#pragma once

#include <string>
#include <vector>

#include "child.h"
#include "fd.h"
#include "files.h"
#include "noncopyable.h"
#include "report_input.h"

namespace ctl {

// A folder, removed at the end with its contents.
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
    // Samples a second of a CPU's place; 0: none. No divisor of the tick's 250, or
    // all samples would show the tick.
    unsigned frequency = 199;
};

// The existing events, among those of a report, as names for perf's -e.
// Throws without the events of xen_pviommu. `tracing` is of tracefs.
std::vector<std::string> wanted_events(const Path &tracing);

class Perf {
public:
    // Starts perf, without recording yet. Throws perf's message on failure.
    Perf(const TemporaryFolder &folder, const std::vector<std::string> &events, const PerfOptions &options,
         const StopSignals &signals);

    // Return when the order is done, or at once if perf has ended by itself. perf
    // ends behind the last recorded process. Both throw on failure.
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

// The record in `folder`, as text. Each line also goes to `keep`, unless nullptr.
Report perf_report(const TemporaryFolder &folder, const StopSignals &signals, std::FILE *keep);

} // namespace ctl
