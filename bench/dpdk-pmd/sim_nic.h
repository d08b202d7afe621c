// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The poll-mode driver "net_pviommu_sim": a NIC that knows its buffers only by their
// bus addresses, and walks the simulated table for each. Two NICs share a wire, 0 to
// 1, 2 to 3; with the argument loop=1 a NIC has a wire of its own.
#pragma once

#include <pviommu/sim.h>

namespace pmd {

// The table of all NICs. Before EAL starts; the table stays until EAL has ended.
void sim_nic_use(pviommu::Sim *table);

} // namespace pmd
