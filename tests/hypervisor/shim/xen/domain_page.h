/* Every frame is always mapped. */
#pragma once
#include <xen/mm.h>

void *__map_domain_page(struct page_info *pg);
void unmap_domain_page(const void *va);
void clear_domain_page(mfn_t mfn);
