/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocations; the test may fail each. */
#pragma once
#include <xen/types.h>

void *shim_zalloc(size_t size);
void shim_free(void *p);
#define xzalloc(type)                        ((type *)shim_zalloc(sizeof(type)))
#define xzalloc_array(type, nr)              ((type *)shim_zalloc(sizeof(type) * (nr)))
#define xzalloc_flex_struct(type, field, nr) ((type *)shim_zalloc(offsetof(type, field[nr])))
#define xfree(p)                             shim_free(p)
