// SPDX-License-Identifier: GPL-2.0-only
//
// An even beat until Ctrl-C. The signals are blocked and waited for: no handler
// is needed, and no signal is lost between two waits.
#pragma once

#include <chrono>

#include <csignal>

#include "noncopyable.h"

namespace ctl {

class Ticker : NonCopyable {
public:
    explicit Ticker(double seconds);
    ~Ticker();

    // Until the next beat; a missed beat is left out. False after
    // SIGINT, SIGTERM or SIGHUP.
    bool wait();

private:
    using Clock = std::chrono::steady_clock;

    Clock::duration interval_;
    Clock::time_point next_;
    sigset_t stops_{}, before_{};
};

} // namespace ctl
