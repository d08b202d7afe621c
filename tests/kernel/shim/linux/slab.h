/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory: counted, and any allocation can be made to fail. */
#pragma once
#include <linux/pfn.h>

#define GFP_KERNEL  1u
#define GFP_ATOMIC  2u
#define __GFP_NOWARN 4u
#define __GFP_ZERO 8u

#ifdef __cplusplus
extern "C" {
#endif
void *shim_alloc(size_t size, size_t align, gfp_t gfp);
void shim_free(const void *p);
#ifdef __cplusplus
}
#endif

#define kzalloc(size, gfp)    shim_alloc(size, 64, gfp)
#define kcalloc(n, size, gfp) shim_alloc((n) * (size), 64, gfp)
#define kvcalloc(n, size, gfp) kcalloc(n, size, gfp)
#define kfree(p)  shim_free(p)
#define kvfree(p) shim_free(p)
#define __get_free_page(gfp) ((unsigned long)shim_alloc(PAGE_SIZE, PAGE_SIZE, gfp))
#define get_zeroed_page(gfp) __get_free_page(gfp)
#define free_page(p) shim_free((const void *)(p))
