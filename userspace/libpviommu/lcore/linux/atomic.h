/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once
#include <linux/bits.h>
#include <linux/compiler.h>

typedef struct {
    long counter;
} atomic_long_t;

#define atomic_long_set(a, v)        __atomic_store_n(&(a)->counter, (long)(v), __ATOMIC_RELAXED)
#define atomic_long_read_acquire(a)  ((unsigned long)__atomic_load_n(&(a)->counter, __ATOMIC_ACQUIRE))
#define atomic_long_or(v, a)         ((void)__atomic_fetch_or(&(a)->counter, (long)(v), __ATOMIC_SEQ_CST))
#define atomic_long_andnot(v, a)     ((void)__atomic_fetch_and(&(a)->counter, ~(long)(v), __ATOMIC_SEQ_CST))
