// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The poll-mode driver "net_pviommu_sim": a NIC that knows nothing of its buffers but
// their bus addresses, and walks the simulated table for each of them. Two of
// them have a wire, 0 to 1, 2 to 3; with the argument loop=1 one has it to itself.
#pragma once

#include <pviommu/sim.h>

namespace pmd {

// What all of them walk. Before EAL starts; it stays until EAL has ended.
void sim_nic_use(pviommu::Sim *table);

} // namespace pmd
