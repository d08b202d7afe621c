// SPDX-License-Identifier: GPL-2.0-only
//
// An even beat until Ctrl-C.
#pragma once

#include <chrono>

#include "child.h"

namespace ctl {

class Ticker {
public:
    explicit Ticker(double seconds);

    // Until the next beat; a missed beat is left out. False after
    // SIGINT, SIGTERM or SIGHUP.
    bool wait();

private:
    using Clock = std::chrono::steady_clock;

    Clock::duration interval_;
    Clock::time_point next_;
    StopSignals stops_;
};

} // namespace ctl
