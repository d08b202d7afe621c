/* Bitmaps a bit at a time: they are off the fast path. */
#pragma once
#include <linux/bits.h>

static inline bool test_bit(unsigned long i, const unsigned long *map)
{
    return map[i / BITS_PER_LONG] >> i % BITS_PER_LONG & 1;
}

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
