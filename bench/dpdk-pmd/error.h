// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// An error with its exit status, by which a script tells the kind.
#pragma once

#include "../../userspace/program.h"

namespace pmd {

enum class Exit {
    ok = 0,
    failed = 1, // a fault, a lost or changed frame, a port or pool that is not available
    usage = 2,
};

using Error = program::Error<Exit>;

} // namespace pmd
