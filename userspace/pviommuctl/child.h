// SPDX-License-Identifier: GPL-2.0-only
//
// A child program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <csignal>
#include <sys/types.h>

#include "noncopyable.h"

namespace ctl {

// Blocks the signals that end a record or a watch, and waits for them; children get them. No handler
// is needed, and no signal is lost between two waits.
class StopSignals : NonCopyable {
public:
    StopSignals();
    ~StopSignals();

    struct Caught {
        int number;
        bool by_terminal; // then all of the child's processes have the signal already
    };
    // Nothing if none came within `seconds`. The end of a child ends the wait, too.
    std::optional<Caught> wait(double seconds) const;
    const sigset_t &before() const { return before_; }

private:
    sigset_t waited_{}, before_{};
};

struct ChildOptions {
    bool own_group = false; // Ctrl-C does not reach the child
    int out = -1, err = -1; // descriptors for its stdout and stderr; -1: ours
};

class Child : NonCopyable {
public:
    // Throws if there is no such program, with `remedy`.
    Child(const std::vector<std::string> &argv, const StopSignals &signals, const ChildOptions &options,
          const std::string &remedy);
    // Kills a running child.
    ~Child();

    // As a shell reports a status: 128 + N for signal N. Nothing while the child runs.
    std::optional<int> poll();
    int wait();
    void signal(int number) const;

private:
    pid_t pid_ = -1;
    std::optional<int> status_;
};

} // namespace ctl
