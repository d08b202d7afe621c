/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Bitmaps a bit at a time: they are off the fast path. */
#pragma once
#include <linux/bitops.h>

static inline void __set_bit(unsigned long i, unsigned long *map)
{
    map[i / BITS_PER_LONG] |= BIT(i % BITS_PER_LONG);
}

static inline void __clear_bit(unsigned long i, unsigned long *map)
{
    map[i / BITS_PER_LONG] &= ~BIT(i % BITS_PER_LONG);
}

static inline unsigned long find_first_zero_bit(const unsigned long *map, unsigned long size)
{
    unsigned long i = 0;

    while (i < size && test_bit(i, map))
        i++;
    return i;
}

static inline unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size, unsigned long i)
{
    while (i < size && test_bit(i, map))
        i++;
    return i;
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long size, unsigned long i)
{
    while (i < size && !test_bit(i, map))
        i++;
    return i;
}
#define for_each_set_bit(bit, map, size)                                                                               \
    for ((bit) = find_next_bit(map, size, 0); (bit) < (size); (bit) = find_next_bit(map, size, (bit) + 1))

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
    unsigned int i, n = 0;

    for (i = 0; i < bits; i++)
        n += test_bit(i, map);
    return n;
}

static inline void bitmap_set(unsigned long *map, unsigned int first, int nr)
{
    for (; nr > 0; nr--)
        __set_bit(first++, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int first, int nr)
{
    for (; nr > 0; nr--)
        __clear_bit(first++, map);
}

static inline void bitmap_fill(unsigned long *map, unsigned int nr)
{
    bitmap_set(map, 0, (int)nr);
}

/* The first of @nr zeroes so that it and @offset together are aligned; @size or more: none. */
static inline unsigned long bitmap_find_next_zero_area_off(const unsigned long *map, unsigned long size,
                                                           unsigned long start, unsigned int nr,
                                                           unsigned long align_mask, unsigned long offset)
{
    unsigned long first, i;

    for (first = start;; first++) {
        if ((first + offset) & align_mask)
            continue;
        if (first + nr > size)
            return size + 1;
        for (i = first; i < first + nr && !test_bit(i, map);)
            i++;
        if (i == first + nr)
            return first;
    }
}
