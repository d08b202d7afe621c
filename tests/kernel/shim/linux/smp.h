/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/cpumask.h>

#ifdef __cplusplus
extern "C"
#endif
void on_each_cpu(void (*func)(void *info), void *info, int wait);
