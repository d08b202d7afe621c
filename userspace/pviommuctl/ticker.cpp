// SPDX-License-Identifier: GPL-2.0-only
#include "ticker.h"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <pthread.h>

namespace ctl {

Ticker::Ticker(double seconds)
    : interval_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))),
      next_(Clock::now() + interval_)
{
    sigemptyset(&stops_);
    for (const int stop : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&stops_, stop);
    pthread_sigmask(SIG_BLOCK, &stops_, &before_);
}

Ticker::~Ticker() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool Ticker::wait()
{
    for (;;) {
        const auto left = std::max(next_ - Clock::now(), Clock::duration::zero());
        const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
        const timespec timeout = {.tv_sec = whole.count(),
                                  .tv_nsec =
                                      std::chrono::duration_cast<std::chrono::nanoseconds>(left - whole).count()};
        if (sigtimedwait(&stops_, nullptr, &timeout) >= 0)
            return false;
        // EINTR: the process was stopped and goes on. Wait for the rest.
        if (errno != EINTR)
            break;
    }
    next_ = std::max(next_ + interval_, Clock::now());
    return true;
}

} // namespace ctl
