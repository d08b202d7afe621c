/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Threads of a process. On x86 an atomic instruction is a full barrier. */
#pragma once
#include <linux/types.h>

#define READ_ONCE(x)     __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define smp_mb()         __asm__ volatile("lock; addl $0, (%%rsp)" ::: "memory", "cc")
#define smp_mb__before_atomic() __asm__ volatile("" ::: "memory")
#define smp_mb__after_atomic()  __asm__ volatile("" ::: "memory")
