// SPDX-License-Identifier: GPL-2.0-only
//
// An even beat that Ctrl-C ends. The signals are blocked and waited for, so that
// there is no handler, and none is lost between two waits.
#pragma once

#include <chrono>

#include <csignal>

#include "noncopyable.h"

namespace ctl {

class Ticker : NonCopyable {
public:
    explicit Ticker(double seconds);
    ~Ticker();

    // Until the next beat; one that has passed already is left out. False if
    // SIGINT, SIGTERM or SIGHUP came.
    bool wait();

private:
    using Clock = std::chrono::steady_clock;

    Clock::duration interval_;
    Clock::time_point next_;
    sigset_t stops_{}, before_{};
};

} // namespace ctl
