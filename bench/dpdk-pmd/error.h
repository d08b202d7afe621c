// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// What goes wrong, with the exit status that tells a script what kind it is.
#pragma once

#include "../../userspace/program.h"

namespace pmd {

enum class Exit {
    ok = 0,
    failed = 1, // a fault, a frame that is lost or not as it was sent, a port or pool that can't be had
    usage = 2,
};

using Error = program::Error<Exit>;

} // namespace pmd
