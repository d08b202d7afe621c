/* Pages of dom0: a reference count each, one for all of a compound page. */
#pragma once
#include <linux/slab.h>

struct page {
    int count;
    struct page *head; /* itself, or the first one of a compound page */
    unsigned int nr;   /* pages, in the head */
    bool zone_device;
};

#define SHIM_PAGES 4096

#ifdef __cplusplus
extern "C" {
#endif
extern struct page shim_pages[SHIM_PAGES];
bool get_page_unless_zero(struct page *page);
void put_page(struct page *page);
#ifdef __cplusplus
}
#endif

#define pfn_to_page(pfn)  (&shim_pages[pfn])
#define page_to_pfn(page) ((unsigned long)((page) - shim_pages))
#define page_to_phys(page) PFN_PHYS(page_to_pfn(page))
/* The last one, of which no test has anything. */
#define alloc_page(gfp)   ((gfp) ? pfn_to_page(SHIM_PAGES - 1) : NULL)
#define __free_page(page) ((void)(page))
#define compound_head(page) ((page)->head)
#define compound_nr(page)   ((unsigned long)(page)->nr)
#define is_zone_device_page(page) ((page)->zone_device)
#define offset_in_page(p) ((unsigned long)(p) & (PAGE_SIZE - 1))
