// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The module's allocator of bus addresses (kernel/xen-pviommu/bfn.c, chunk.c, table.c),
// compiled unchanged: docs/bfn-allocator.md. Addresses are page numbers here.
#pragma once

#include <cstdint>

extern "C" {
struct pviommu_core;

// first and nr are multiples of 512. nullptr: no memory.
pviommu_core *pviommu_core_new(uint64_t first, unsigned long nr, unsigned lcores) noexcept;
// The window has no user any more.
void pviommu_core_delete(pviommu_core *core) noexcept;
// One thread at a time is an lcore. ~0: none.
uint64_t pviommu_core_alloc(pviommu_core *core, unsigned lcore, unsigned order) noexcept;
void pviommu_core_free(pviommu_core *core, unsigned lcore, uint64_t first, unsigned order) noexcept;
uint64_t pviommu_core_in_use(pviommu_core *core) noexcept;
}
