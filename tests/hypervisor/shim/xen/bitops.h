/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

static inline void set_bit(unsigned int nr, unsigned long *bits)
{
    __atomic_fetch_or(&bits[nr / 64], 1UL << (nr % 64), __ATOMIC_SEQ_CST);
}

/* The number of the highest bit set, counted from 1; 0 for 0. */
static inline unsigned int flsl(unsigned long x)
{
    return x ? 64 - __builtin_clzl(x) : 0;
}
