/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Types, and the words of the compiler, as every header of Linux brings along. */
#pragma once
#include_next <linux/types.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef u64 dma_addr_t;
typedef u64 phys_addr_t;
typedef unsigned int gfp_t;

#define U32_MAX 0xffffffffu
#define BITS_PER_LONG 64
#define BITS_PER_BYTE 8
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL

#define __rcu
#define __percpu
#define __read_mostly
#define fallthrough __attribute__((__fallthrough__))
#define noinline __attribute__((__noinline__))
#define ____cacheline_aligned_in_smp __attribute__((__aligned__(64)))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#ifndef __cplusplus
#define __init
#define __exit
#define typeof __typeof__
#define static_assert(e, ...) _Static_assert(e, #e)
#define swap(a, b) do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#endif
