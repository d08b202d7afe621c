/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/slab.h>

#define vmalloc(size) shim_alloc(size, PAGE_SIZE, GFP_KERNEL)
#define vzalloc(size) vmalloc(size)
#define vfree(p) shim_free(p)
