/* SPDX-License-Identifier: GPL-2.0-only */
/* Assertions, and min() and max() that insist on one type. */
#pragma once
#include <asm/atomic.h>

void shim_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));

#define ASSERT(c) ((c) ? (void)0 : shim_assert_failed(#c, __FILE__, __LINE__))
#define XENLOG_ERR ""
#define printk_once(...) ((void)0)
#define printk(...) ((void)0)
#define ASSERT_UNREACHABLE() shim_assert_failed("unreachable", __FILE__, __LINE__)
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define min(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); (void)(&a_ == &b_); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); (void)(&a_ == &b_); a_ > b_ ? a_ : b_; })
