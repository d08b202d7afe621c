// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// For tests: a descriptor with the address of a returned buffer.
#pragma once

#include "machine.h"
#include "port.h"

namespace pmd {

// Sends from there, or receives there, and then whether frames still flow. Says the
// address. Throws Error: on virtual ports always, at the fault.
void use_stale(const Options &options, const Machine &machine, pviommu::Space *space, std::vector<Port> &ports);

} // namespace pmd
