/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * atomic_long_t, no stronger than Linux promises: an operation without a result is
 * unordered, except behind a barrier. TSan would not see such a barrier, so the
 * barrier makes the operation itself a release.
 */
#pragma once
#include <linux/bits.h>
#include <linux/compiler.h>

typedef struct {
    long counter;
} atomic_long_t;

#define atomic_long_set(a, v) __atomic_store_n(&(a)->counter, (long)(v), __ATOMIC_RELAXED)

#ifdef SHIM_BENCH
#define atomic_long_read_acquire(a) ((unsigned long)__atomic_load_n(&(a)->counter, __ATOMIC_ACQUIRE))
#define atomic_long_or(v, a)     ((void)__atomic_fetch_or(&(a)->counter, (long)(v), __ATOMIC_SEQ_CST))
#define atomic_long_andnot(v, a) ((void)__atomic_fetch_and(&(a)->counter, ~(long)(v), __ATOMIC_SEQ_CST))
#else
#define atomic_long_read(a)         shim_atomic_read(a, __ATOMIC_RELAXED)
#define atomic_long_read_acquire(a) shim_atomic_read(a, __ATOMIC_ACQUIRE)

static inline unsigned long shim_atomic_read(const atomic_long_t *a, int order)
{
    unsigned long value;

    shim_before_read(&a->counter);
    value = (unsigned long)__atomic_load_n(&a->counter, order);
    shim_after_read(&a->counter);
    return value;
}

static inline void atomic_long_or(unsigned long bits, atomic_long_t *a)
{
    if (shim_or_later(&a->counter, bits))
        return;
    if (shim_ordered())
        __atomic_fetch_or(&a->counter, (long)bits, __ATOMIC_RELEASE);
    else
        __atomic_fetch_or(&a->counter, (long)bits, __ATOMIC_RELAXED);
}

static inline void atomic_long_andnot(unsigned long bits, atomic_long_t *a)
{
    __atomic_fetch_and(&a->counter, ~(long)bits, __ATOMIC_RELAXED);
}
#endif
