/* SPDX-License-Identifier: GPL-2.0-only */
/* The library's types, and the world's judgement, for every header. */
#pragma once
#include_next <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif
/* A rule of the kernel's is broken. */
void shim_violation(const char *what);
void shim_log(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
#ifdef __cplusplus
}
#endif
