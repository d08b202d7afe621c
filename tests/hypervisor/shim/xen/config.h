/* SPDX-License-Identifier: GPL-2.0-only */
/* The definitions of Xen's build for every C file: -include'd. */
#pragma once
#include <errno.h>
#include <string.h>
#include <xen/types.h>

#define __init
#define cf_check
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noinline    __attribute__((noinline))
#define always_inline inline __attribute__((always_inline))
/* Boot parameters live there; a new world puts them back, see params.cpp. */
#define __read_mostly __attribute__((__section__("shim_read_mostly")))
