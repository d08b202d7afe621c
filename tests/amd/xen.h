/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen for hypervisor/amd on the host: one domain, two units, and a table of
 * devices. The formats of entries and commands are Xen's own (iommu-defs.h).
 */
#pragma once

#include <assert.h>
#include <errno.h>
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
#define __must_check __attribute__((warn_unused_result))
#define __packed __attribute__((packed))
#define ASSERT(c) assert(c)
#define ASSERT_UNREACHABLE() assert(0)
#define likely(c) (c)
#define unlikely(c) (c)
#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define AMD_IOMMU_WARN(...) ((void)0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define _mfn(n) ((mfn_t){ n })
#define mfn_x(m) ((m).mfn)
#define mfn_to_page(m) page_at((m).mfn)
#define dfn_x(d) ((d).dfn)
#define _dfn(n) ((dfn_t){ n })
#define __dfn_to_daddr(dfn) ((uint64_t)(dfn) << PAGE_SHIFT)
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
#define clear_domain_page(m) ((void)memset(map_domain_page(m), 0, PAGE_SIZE))
struct page_info *page_at(uint64_t mfn);
#define virt_to_maddr(va) ((uint64_t)(uintptr_t)(va))

typedef struct { bool held; } spinlock_t;
#define spin_lock(l) do { assert(!(l)->held); (l)->held = true; } while ( 0 )
#define spin_unlock(l) do { assert((l)->held); (l)->held = false; } while ( 0 )
#define spin_is_locked(l) ((l)->held)
#define spin_lock_irqsave(l, f) do { (f) = 1; spin_lock(l); } while ( 0 )
#define spin_unlock_irqrestore(l, f) do { assert(f); spin_unlock(l); } while ( 0 )
#define pcidevs_locked() true

/* A list of units, and lists that are empty or not. */
struct list_head { bool full; };
#define list_empty(l) (!(l)->full)

#define IOMMU_FLUSHF_modified 2u
#define iommu_call(ops, fn, ...) ((ops)->fn(__VA_ARGS__))

struct domain;
struct iommu_ops {
    int (*unmap_page)(struct domain *d, dfn_t dfn, unsigned int order, unsigned int *flags);
    int (*iotlb_flush)(struct domain *d, dfn_t dfn, unsigned long nr, unsigned int flags);
};

struct domain_iommu {
    const struct iommu_ops *platform_ops;
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

typedef struct { uint32_t data[4]; } cmd_entry_t;
struct ring_buffer { void *buffer; uint32_t tail, head, size; };
struct amd_iommu {
    int enabled;
    struct { void *buffer; } dev_table;
    spinlock_t lock;
    struct { uint32_t header; } cap;
    void *mmio_base;
    struct ring_buffer cmd_buffer;
    struct list_head ats_devices;
    uint64_t leaf_queued, leaf_done, leaf_wait;
};
#define UNITS 2
extern struct amd_iommu units[UNITS];
#define for_each_amd_iommu(iommu) \
    for ( (iommu) = units; (iommu) < units + UNITS; (iommu)++ )
#define iommu_has_cap(iommu, bit) ((iommu)->cap.header & (1u << (bit)))

uint32_t readl(const void *reg);
void writel(uint32_t value, void *reg);
void cpu_relax(void);
int iommu_pde_from_dfn(struct domain *d, unsigned long dfn, unsigned int target,
                       unsigned long *pt_mfn, unsigned int *flush_flags, bool map);

struct ivrs_mappings { uint16_t dte_requestor_id; struct amd_iommu *iommu; };
extern unsigned int ivrs_bdf_entries;
struct ivrs_mappings *get_ivrs_mappings(u16 seg);
int get_dma_requestor_id(uint16_t seg, uint16_t bdf);

struct iommu_leaf_info {
    unsigned int bfn_bits;
    uint64_t entry_bits, read, write;
    unsigned int kind_shift, flush_added;
    uint64_t message_bfn, message_nr;
};
