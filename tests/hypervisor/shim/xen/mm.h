/* SPDX-License-Identifier: GPL-2.0-only */
/* Machine frames, their owners, and the references on them: plain counters. */
#pragma once
#include <xen/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1L << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))
#define PADDR_BITS 52
#define PADDR_MASK ((1UL << PADDR_BITS) - 1)
#define PFN_DOWN(x)         ((x) >> PAGE_SHIFT)
#define pfn_to_paddr(pfn)   ((paddr_t)(pfn) << PAGE_SHIFT)
#define maddr_to_mfn(maddr) _mfn((maddr) >> PAGE_SHIFT)
#define pdx_to_pfn(pdx)     (pdx)
/* How a page names its domain. */
#define virt_to_pdx(va)     ((unsigned long)(va))

/* A type word: 3 bits of type, 1 each of locked, validated and partial, and the count. */
#define PGT_l1_page_table       (1UL << 61)
#define PGT_writable_page       (7UL << 61)
#define PGT_type_mask           (7UL << 61)
#define PGT_locked              (1UL << 60)
#define PGT_validated           (1UL << 58)
#define PGT_partial             (1UL << 56)
#define PGT_count_mask          ((1UL << 55) - 1)
/* A reference word: 2 bits for pages of Xen, and the count. */
#define PGC_xen_heap            (1UL << 62)
#define PGC_extra               (1UL << 57)
#define PGC_count_mask          ((1UL << 54) - 1)
#define RAM_TYPE_CONVENTIONAL   1
#define RAM_TYPE_RESERVED       2

struct domain;

/* A frame of RAM, or a frame with a page_info that is no RAM. */
struct page_info {
    union {
        struct domain *owner;
        struct {
            struct {
                unsigned long _domain;
            } inuse;
        } v;
    };
    struct {
        struct {
            unsigned long type_info;
        } inuse;
    } u;
    uint64_t leaf_of;   /* an attached leaf table: its first BFN */
    unsigned long count_info; /* page references; 0: no owner */
    int base;           /* atomic: the references that are not iommu_op's */
    int base_types;     /* of the type references, likewise */
    uint16_t live;      /* entries in use, of the driver's own tables */
    bool is_table;      /* in the driver's table, or a shadow */
};

/* All frames of so many are valid, or none. */
#define PDX_GROUP_COUNT 65536

extern unsigned long total_pages, max_page, max_pdx;

static inline mfn_t _mfn(unsigned long m) { mfn_t r = { m }; return r; }
static inline unsigned long mfn_x(mfn_t m) { return m.m; }

bool mfn_valid(mfn_t mfn);
struct page_info *mfn_to_page(mfn_t mfn);
mfn_t page_to_mfn(const struct page_info *pg);
struct domain *page_get_owner(const struct page_info *pg);
struct domain *page_get_owner_and_reference(struct page_info *pg);
void put_page(struct page_info *pg);
int get_page_type(struct page_info *pg, unsigned long type);
void put_page_type(struct page_info *pg);
static inline void put_page_and_type(struct page_info *pg)
{
    put_page_type(pg);
    put_page(pg);
}
unsigned int page_get_ram_type(mfn_t mfn);
struct page_info *alloc_domheap_page(struct domain *d, unsigned int memflags);
void free_domheap_page(struct page_info *pg);
/* Not cleared. */
void *alloc_xenheap_page(void);
void free_xenheap_page(void *p);
#define clear_page(p) memset((p), 0, PAGE_SIZE)
