/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen for the queue of invalidations (vtd/qinval.c) and hypervisor/vtd, on the
 * host, where an address is its own maddr. By its hooks a test plays the unit's
 * registers.
 */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "public/iommu_op.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64, paddr_t;
typedef int64_t s_time_t;
typedef bool bool_t;
typedef uint16_t domid_t;
typedef uint8_t nodeid_t;
typedef struct { uint64_t mfn; } mfn_t;
typedef struct { uint64_t dfn; } dfn_t;

#define CONFIG_IOMMU_OP 1
#define CONFIG_NR_CPUS 256
#define PAGE_SHIFT 12
#define PAGE_SHIFT_4K 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_MASK_4K PAGE_MASK
#define PFN_DOWN(x) ((x) >> PAGE_SHIFT)
#define __iomem
#define __must_check __attribute__((warn_unused_result))
#define __read_mostly
#define cf_check
#define unlikely(x) (x)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define min_t(t, a, b) min((t)(a), (t)(b))
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)
#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define ASSERT(c) assert(c)
#define ASSERT_UNREACHABLE() fail("a call that is never refused")
#define XENLOG_ERR ""
#define XENLOG_INFO ""
#define XENLOG_WARNING ""
#define VTDPREFIX ""
#define PRIx64 "lx"
#define printk(...) ((void)0)
#define printk_once(...) ((void)0)
#define dprintk(...) ((void)0)
#define WARN() fail("a flush by nobody")

/* CPUs: each is in its own call, one inside the other. */
extern unsigned int cpu;
#define DEFINE_PER_CPU(type, name) __typeof__(type) per_cpu_##name[CONFIG_NR_CPUS]
#define this_cpu(name) per_cpu_##name[cpu]
void cpu_relax(void);
static inline unsigned int num_present_cpus(void) { return 2; }

typedef struct { bool held; } spinlock_t;
#define spin_is_locked(l) ((l)->held)
#define spin_lock(l) (assert(!(l)->held), lock_is_held = (l)->held = true)
#define spin_unlock(l) (lock_is_held = (l)->held = false)
#define spin_lock_irqsave(l, flags) ((flags) = 0, spin_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), spin_unlock(l))
extern bool lock_is_held;

/* Time stands still: cpu_relax() finds an endless wait. */
#define NOW() ((s_time_t)0)
#define MILLISECS(x) ((s_time_t)(x) * 1000000)
static const unsigned int iommu_dev_iotlb_timeout = 1000;

/* Registers */
uint64_t unit_read(const void *reg);
void unit_write(uint64_t val, void *reg);
#define readl(reg) ((uint32_t)unit_read(reg))
#define readq(reg) unit_read(reg)
#define writel(val, reg) unit_write(val, reg)
#define writeq(val, reg) unit_write(val, reg)
#define IOMMU_WAIT_OP(iommu, offset, op, cond, sts) \
    do { (sts) = op((iommu)->reg, offset); assert(cond); } while ( 0 )

/* Memory */
#define virt_to_maddr(p) ((paddr_t)(uintptr_t)(p))
#define maddr_to_mfn(m) ((mfn_t){ PFN_DOWN(m) })
#define PADDR_MASK ((1ULL << 52) - 1)
#define map_vtd_domain_page(m) ((void *)(uintptr_t)(m))
#define unmap_vtd_domain_page(p) ((void)(p))
struct page_info { uint64_t maddr; };
#define __map_domain_page(pg) map_vtd_domain_page((pg)->maddr)
#define unmap_domain_page(p) unmap_vtd_domain_page(p)
#define clear_page(p) memset(p, 0, PAGE_SIZE)
#define iommu_sync_cache(p, size) ((void)(p), (void)(size))
#define PAGE_HYPERVISOR 0
#define VMAP_DEFAULT 0
extern bool vmap_fails;
static inline void *__vmap(const mfn_t *mfn, unsigned int granularity,
                           unsigned int nr, unsigned int align,
                           unsigned int flags, int type)
{
    return vmap_fails ? NULL : (void *)(uintptr_t)(mfn->mfn << PAGE_SHIFT);
}
static inline unsigned int get_order_from_bytes(unsigned long size)
{
    unsigned int order = 0;

    while ( (PAGE_SIZE << order) < size )
        order++;

    return order;
}
static inline uint64_t alloc_pgtable_maddr(unsigned long npages, nodeid_t node)
{
    static _Alignas(PAGE_SIZE) uint8_t page[PAGE_SIZE];

    assert(npages == 1);

    return virt_to_maddr(page);
}

/* Parts of the structures of vtd/iommu.h. */
struct list_head { struct list_head *next, *prev; };
struct msi_desc { int irq; };

/* Units, devices and domains */
struct vtd_iommu;
struct acpi_drhd_unit { struct vtd_iommu *iommu; bool igd; };
extern struct acpi_drhd_unit drhd_units[];
extern unsigned int nr_drhd_units;
#define for_each_drhd_unit(d) \
    for ( (d) = drhd_units; (d) < drhd_units + nr_drhd_units; (d)++ )
static inline bool is_igd_drhd(const struct acpi_drhd_unit *drhd)
{
    return drhd->igd;
}

enum pdev_type { DEV_TYPE_PCIe_ENDPOINT, DEV_TYPE_PCI, DEV_TYPE_PCIe2PCI_BRIDGE, DEV_TYPE_LEGACY_PCI_BRIDGE };
#define PCI_SLOT(devfn) ((devfn) >> 3)
struct pci_dev {
    uint16_t seg;
    uint8_t bus, devfn, phantom_stride;
    enum pdev_type type;
    bool broken;
    struct { unsigned int queue_depth; } ats;
    struct { uint16_t bdf; } sbdf;
};
static inline bool pcidevs_locked(void) { return true; }
struct domain;
struct iommu_ops {
    int (*unmap_page)(struct domain *d, dfn_t dfn, unsigned int order,
                      unsigned int *flush_flags);
    int (*iotlb_flush)(struct domain *d, dfn_t dfn, unsigned long nr,
                       unsigned int flags);
};
#define iommu_call(ops, fn, ...) (ops)->fn(__VA_ARGS__)
struct domain_iommu {
    struct {
        spinlock_t mapping_lock;
        struct {
            unsigned int agaw;
            uint64_t pgd_maddr;
            unsigned long *iommu_bitmap;
        } vtd;
    } arch;
    const struct iommu_ops *platform_ops;
};
struct domain {
    domid_t domain_id;
    bool is_dying;
    struct domain_iommu iommu;
};
#define dom_iommu(d) (&(d)->iommu)
#define test_bit(nr, map) ((*(map) >> (nr)) & 1)
#define dfn_to_daddr(d) ((d).dfn << PAGE_SHIFT)
#define IOMMU_FLUSHF_added 1u
#define IOMMU_FLUSHF_modified 2u

/* Devices with an IOTLB of their own: no descriptor here is of such a device. */
static inline struct domain *rcu_lock_domain_by_id(int id) { return NULL; }
static inline void rcu_unlock_domain(struct domain *d) {}
static inline void iommu_dev_iotlb_flush_timeout(struct domain *d,
                                                 struct pci_dev *pdev) {}
static inline int did_to_domain_id(const struct vtd_iommu *iommu, unsigned int did)
{
    return did;
}
static inline int dev_invalidate_iotlb(struct vtd_iommu *iommu, u16 did, u64 addr,
                                       unsigned int size_order, u64 type)
{
    return 0;
}
/* A unit's list here is all zeroes. */
static inline bool list_empty(const struct list_head *head)
{
    return !head->next || head->next == head;
}
static inline int get_iommu_did(domid_t id, const struct vtd_iommu *iommu, bool warn)
{
    return id;
}
/* Invalidation by registers is the driver's own. 4.22 decides on devices' IOTLBs itself. */
#ifdef FLUSH_WITHOUT_DEV_IOTLB
#define DEV_IOTLB(argument)
#else
#define DEV_IOTLB(argument) , argument
#endif
static inline int vtd_flush_context_reg(struct vtd_iommu *iommu, u16 did,
                                        u16 source_id, u8 function_mask, u64 type,
                                        bool flush_non_present_entry)
{
    return 0;
}
static inline int vtd_flush_iotlb_reg(struct vtd_iommu *iommu, u16 did, u64 addr,
                                      unsigned int size_order, u64 type,
                                      bool flush_non_present_entry
                                      DEV_IOTLB(bool flush_dev_iotlb))
{
    return 0;
}

static const bool iommu_qinval = true;
extern bool iommu_snoop, rwbf_quirk;
struct iommu_leaf_info {
    unsigned int bfn_bits;
    uint64_t entry_bits, read, write;
    unsigned int kind_shift, flush_added;
};

void fail(const char *what) __attribute__((noreturn));
