#pragma once

/* The number of the highest bit set, counted from 1; 0 for 0. */
static inline unsigned int flsl(unsigned long x)
{
    return x ? 64 - __builtin_clzl(x) : 0;
}
