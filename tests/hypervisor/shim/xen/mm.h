/* Machine frames, who owns them, and the references on them: plain counters. */
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

#define PGT_writable_page       1
#define PGT_l1_page_table       2
#define RAM_TYPE_CONVENTIONAL   1
#define RAM_TYPE_RESERVED       2

struct domain;
struct page_info;

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
void put_page_and_type(struct page_info *pg);
bool is_special_page(const struct page_info *pg);
unsigned int page_get_ram_type(mfn_t mfn);
struct page_info *alloc_domheap_page(struct domain *d, unsigned int memflags);
void free_domheap_page(struct page_info *pg);
