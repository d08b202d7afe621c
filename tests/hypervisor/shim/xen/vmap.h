/* SPDX-License-Identifier: GPL-2.0-only */
/* Large allocations; the test may fail each. */
#pragma once
#include <xen/xmalloc.h>

void *shim_vzalloc(size_t size);
#define vzalloc(size) shim_vzalloc(size)
#define vfree(p)      shim_free(p)
