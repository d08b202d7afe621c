// SPDX-License-Identifier: GPL-2.0-only
//
// Counters as a test wants them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "counters.h"

namespace ctl {

// In the table's order, whatever the order of the values.
inline Counters make(const std::vector<std::pair<std::string, uint64_t>> &values)
{
    Counters counters;
    for (const CounterInfo &info : counter_table())
        for (const auto &[name, value] : values)
            if (name == info.name)
                counters.push_back({&info, value});
    return counters;
}

} // namespace ctl
