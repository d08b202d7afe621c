// SPDX-License-Identifier: GPL-2.0-only
//
// What goes wrong, with the exit status that tells a script what kind it is.
#pragma once

#include "../program.h"

namespace ctl {

enum class Exit {
    ok = 0,
    failed = 1,     // the kernel refused, or a file can't be read or written
    usage = 2,      // what was asked for makes no sense here
    not_loaded = 3, // there is no xen_pviommu to ask
    incomplete = 4, // the report is whole, but events were lost
};

using Error = program::Error<Exit>;

} // namespace ctl
