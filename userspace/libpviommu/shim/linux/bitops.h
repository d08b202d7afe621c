/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Bits that several CPUs may set at the same time: relaxed, as in Linux. */
#pragma once
#include <linux/bits.h>
#include <linux/compiler.h>

static inline bool test_bit(unsigned long i, const unsigned long *map)
{
    return READ_ONCE(map[i / BITS_PER_LONG]) >> i % BITS_PER_LONG & 1;
}

static inline void set_bit(unsigned long i, unsigned long *map)
{
    __atomic_fetch_or(&map[i / BITS_PER_LONG], BIT(i % BITS_PER_LONG), __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned long i, unsigned long *map)
{
    __atomic_fetch_and(&map[i / BITS_PER_LONG], ~BIT(i % BITS_PER_LONG), __ATOMIC_RELAXED);
}
