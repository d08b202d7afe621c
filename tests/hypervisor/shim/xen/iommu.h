/* SPDX-License-Identifier: GPL-2.0-only */
/* The IOMMU layer: generic map and unmap, the flushes, and the hooks patch's interface. */
#pragma once
#include <xen/mm.h>

#define IOMMUF_readable      1u
#define IOMMUF_writable      2u
#define IOMMU_FLUSHF_added    1u
#define IOMMU_FLUSHF_modified 2u
#define IOMMU_FLUSHF_all      4u

struct iommu_op_domain;
struct pci_dev;

struct iommu_leaf_info {
    unsigned int bfn_bits;
    uint64_t entry_bits, read, write;
    unsigned int kind_shift, flush_added;
    uint64_t message_bfn, message_nr;
};

struct iommu_ops {
    void (*leaf_info)(struct domain *d, struct iommu_leaf_info *info);
    unsigned int (*leaf_vacant)(struct domain *d, dfn_t dfn);
    struct page_info *(*leaf_attach)(struct domain *d, dfn_t dfn);
    void (*leaf_detach)(struct domain *d, dfn_t dfn);
    int (*leaf_flush)(struct domain *d, dfn_t dfn, unsigned int order);
    unsigned int (*leaf_device)(struct domain *d, const struct pci_dev *pdev);
};

struct domain_iommu {
    const struct iommu_ops *platform_ops;
    bool enabled, need_sync;
    struct {
        struct iommu_op_domain *pv;
    } arch;
};

typedef int iommu_grdm_t(xen_pfn_t start, xen_ulong_t nr, u32 id, void *ctxt);

extern bool iommu_hwdom_passthrough;

static inline dfn_t _dfn(unsigned long d) { dfn_t r = { d }; return r; }
static inline unsigned long dfn_x(dfn_t d) { return d.d; }

#define iommu_call(ops, fn, ...)  ((ops)->fn(__VA_ARGS__))
#define iommu_vcall(ops, fn, ...) ((ops)->fn(__VA_ARGS__))

long iommu_map_any(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned long nr, unsigned int flags, unsigned int *flush);
long iommu_unmap_any(struct domain *d, dfn_t dfn, unsigned long nr, unsigned int flags, unsigned int *flush);
int iommu_iotlb_flush(struct domain *d, dfn_t dfn, unsigned long nr, unsigned int flags);
int iommu_iotlb_flush_all(struct domain *d, unsigned int flags);
int iommu_get_reserved_device_memory(iommu_grdm_t *func, void *ctxt);
void iommu_keep_queued_pgtables(void);
unsigned int arch_iommu_hwdom_perms(const struct domain *d, unsigned long pfn);
void iommu_sync_cache(const void *addr, unsigned int size);

/* iommu_op's functions for the generic layer. */
bool iommu_op_enter(struct domain *d, dfn_t dfn, unsigned long nr, struct iommu_op_domain **state);
void iommu_op_leave(struct iommu_op_domain *state);
int iommu_op_memory_add(struct domain *d, unsigned long spfn, unsigned long epfn);
void iommu_op_memory_remove(unsigned long spfn, unsigned long epfn);
int iommu_op_host_map(struct domain *d, unsigned long pfn);
int iommu_op_revoke(struct domain *d, const struct page_info *page);
