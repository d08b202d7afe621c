/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>

#define HZ 250
#ifdef __cplusplus
extern "C" unsigned long shim_jiffies;
#else
extern unsigned long shim_jiffies;
#endif
#define jiffies              __atomic_load_n(&shim_jiffies, __ATOMIC_RELAXED)
#define msecs_to_jiffies(ms) (((unsigned long)(ms) * HZ + 999) / 1000)
#define time_after(a, b)     ((long)((b) - (a)) < 0)
#define time_before(a, b)    ((long)((a) - (b)) < 0)
#define time_before_eq(a, b) ((long)((a) - (b)) <= 0)
