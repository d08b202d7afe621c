/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <xen/page.h>

struct xen_page_foreign {
    u16 domid;
};

#ifdef __cplusplus
extern "C" {
#endif
struct xen_page_foreign *xen_page_foreign(struct page *page);
#ifdef __cplusplus
}
#endif
