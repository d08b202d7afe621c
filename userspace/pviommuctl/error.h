// SPDX-License-Identifier: GPL-2.0-only
//
// An error with its exit status, by which a script tells the kind.
#pragma once

#include "../program.h"

namespace ctl {

enum class Exit {
    ok = 0,
    failed = 1,     // the kernel refused, or a file can't be read or written
    usage = 2,      // the request makes no sense here
    not_loaded = 3, // there is no xen_pviommu to ask
    incomplete = 4, // the report is whole, but events were lost
};

using Error = program::Error<Exit>;

} // namespace ctl
