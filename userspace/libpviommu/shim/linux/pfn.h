/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once
#include <linux/types.h>

#define PFN_PHYS(n)  ((phys_addr_t)(n) << PAGE_SHIFT)
#define PHYS_PFN(p)  ((unsigned long)((p) >> PAGE_SHIFT))
#define PFN_UP(n)    (((n) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(n)  ((n) >> PAGE_SHIFT)
