// SPDX-License-Identifier: GPL-2.0-only
#include "ticker.h"

#include <algorithm>

namespace ctl {

Ticker::Ticker(double seconds)
    : interval_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))),
      next_(Clock::now() + interval_)
{}

bool Ticker::wait()
{
    // A wait ends early when the process was stopped and goes on.
    do {
        const std::chrono::duration<double> left = std::max(next_ - Clock::now(), Clock::duration::zero());
        if (stops_.wait(left.count()))
            return false;
    } while (Clock::now() < next_);
    next_ = std::max(next_ + interval_, Clock::now());
    return true;
}

} // namespace ctl
