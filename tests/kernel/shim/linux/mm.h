/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of dom0, of which only the number matters; and virtual addresses, with a frame for each page. */
#pragma once
#include <linux/slab.h>

struct page {
    char unused;
};

#define SHIM_PAGES 4096
/* From here on PFNs are those of host addresses, each its own frame. */
#define SHIM_HOST_PFNS (1UL << 20)

#ifdef __cplusplus
extern "C" {
#endif
extern struct page shim_pages[SHIM_PAGES];
#ifdef __cplusplus
}
#endif

#define pfn_to_page(pfn) (&shim_pages[pfn])
#define page_to_pfn(page) ((unsigned long)((page)-shim_pages))
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
/* The last PFN, out of the tests' range. */
#define alloc_page(gfp)   ((gfp) ? pfn_to_page(SHIM_PAGES - 1) : NULL)
#define __free_page(page) ((void)(page))
#define offset_in_page(p) ((unsigned long)(p) & (PAGE_SIZE - 1))
#define vmalloc_to_pfn(p) ((unsigned long)(p) >> PAGE_SHIFT)
