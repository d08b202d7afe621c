/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once
#include <linux/pfn.h>

#include "../environment.h"

#define GFP_KERNEL   1u
#define GFP_ATOMIC   2u
#define __GFP_NOWARN 4u

#define kzalloc(size, gfp)     ((void)(gfp), shim_alloc(size))
#define kvcalloc(n, size, gfp) ((void)(gfp), shim_alloc((n) * (size)))
#define kfree(p)  shim_free(p)
#define kvfree(p) shim_free(p)
#define get_zeroed_page(gfp) ((void)(gfp), (unsigned long)shim_alloc_page())
#define free_page(p) shim_free((const void *)(p))
