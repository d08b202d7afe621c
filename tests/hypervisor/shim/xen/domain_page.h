/* SPDX-License-Identifier: GPL-2.0-only */
/* Every frame is always mapped. */
#pragma once
#include <xen/mm.h>

void *__map_domain_page_global(struct page_info *pg);
void unmap_domain_page_global(const void *va);
mfn_t domain_page_map_to_mfn(const void *va);
void clear_domain_page(mfn_t mfn);
