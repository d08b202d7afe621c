/* SPDX-License-Identifier: GPL-2.0-only */
/* Fixed-width names and type-safe frame numbers, for C++ as well. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uint64_t paddr_t;
typedef uint16_t domid_t;
typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;

typedef struct {
    unsigned long m;
} mfn_t;

typedef struct {
    unsigned long d;
} dfn_t;
