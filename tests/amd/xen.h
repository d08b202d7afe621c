/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen for hypervisor/amd/leaf.c on the host: one domain, one unit, and a table
 * of devices. The formats of entries are Xen's own (iommu-defs.h).
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "public/iommu_op.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64, paddr_t;
typedef uint16_t domid_t;
typedef struct { uint64_t mfn; } mfn_t;
typedef struct { uint64_t dfn; } dfn_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define cf_check
#define __packed __attribute__((packed))
#define ASSERT(c) assert(c)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define _mfn(n) ((mfn_t){ n })
#define mfn_x(m) ((m).mfn)
#define dfn_x(d) ((d).dfn)
#define PCI_SLOT(devfn) (((devfn) >> 3) & 31)
#define PCI_BDF(bus, devfn) ((bus) << 8 | (devfn))

#include "iommu-defs.h"

/* An address is its own maddr. */
struct page_info { void *at; };
static inline mfn_t page_to_mfn(const struct page_info *page)
{
    return _mfn((uintptr_t)page->at >> PAGE_SHIFT);
}
static inline void *map_domain_page(mfn_t mfn)
{
    return (void *)(mfn.mfn << PAGE_SHIFT);
}
static inline void unmap_domain_page(const void *at) {}

typedef struct { bool held; } spinlock_t;
#define spin_lock(l) do { assert(!(l)->held); (l)->held = true; } while ( 0 )
#define spin_unlock(l) do { assert((l)->held); (l)->held = false; } while ( 0 )
#define spin_is_locked(l) ((l)->held)
#define pcidevs_locked() true

struct domain_iommu {
    struct {
        spinlock_t mapping_lock;
        struct { struct page_info *root_table; unsigned int paging_mode; } amd;
    } arch;
};
struct domain { domid_t domain_id; struct domain_iommu iommu; };
#define dom_iommu(d) (&(d)->iommu)

struct pci_dev {
    uint16_t seg;
    uint8_t bus, devfn, phantom_stride;
    struct { uint16_t bdf; } sbdf;
};

struct amd_iommu { int enabled; struct { void *buffer; } dev_table; };
struct ivrs_mappings { uint16_t dte_requestor_id; struct amd_iommu *iommu; };
extern unsigned int ivrs_bdf_entries;
struct ivrs_mappings *get_ivrs_mappings(u16 seg);
int get_dma_requestor_id(uint16_t seg, uint16_t bdf);

struct iommu_leaf_info {
    unsigned int bfn_bits;
    uint64_t entry_bits;
    bool flush_added;
    uint64_t message_bfn, message_nr;
};
