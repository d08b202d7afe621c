// SPDX-License-Identifier: GPL-2.0-only
//
// Shared by the world's own files.
#pragma once

#include "world.h"

namespace world {

uint64_t *table_words(const page_info *pg, unsigned view); // 0: caches, 1: memory
page_info *table_of(const void *va, unsigned *index);
bool alloc_fails(Alloc what);
page_info *take_page();

// vtd.cpp
void vtd_reset(); // makes the host map
void vtd_start(); // with a working unit
struct Walk {
    page_info *leaf; // NULL: absent above it, or a superpage
    uint64_t word;
    unsigned order;
};
Walk walk_table(uint64_t bfn, unsigned view);
uint64_t leaf_word(const page_info *pg, unsigned i, unsigned view); // in VT-d's format
extern const iommu_ops vtd_ops;
void free_queued_tables();
constexpr uint64_t kRead = 1, kWrite = 2, kPresent = 3, kSuperpage = 1u << 7, kSnoop = 1u << 11;
inline uint64_t word_mfn(uint64_t word) { return (word & (PADDR_MASK & PAGE_MASK)) >> PAGE_SHIFT; }

// device.cpp
void device_reset();
void device_part_done();
extern bool driver_flushes; // a flush of the generic code's own
void mapped_by_table(uint64_t bfn, uint64_t mfn, bool yields);

void mapped_by_host(uint64_t bfn, uint64_t mfn);
void about_to_put(uint64_t mfn, long left, bool typed);
bool walk_cache_holds(const page_info *pg);

// xen.cpp
void xen_reset();
bool pcidevs_locked();

} // namespace world
