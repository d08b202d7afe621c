/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A CPU is an lcore. A caller of the allocator first names its lcore, and the number
 * of lcores of the space: see core.c. An lcore's part of a variable is a multiple
 * of SHIM_PERCPU_ROOM behind the first part.
 */
#pragma once
#include <linux/compiler.h>
#include <linux/minmax.h>

#define SHIM_PERCPU_ROOM 256UL

extern __thread unsigned long shim_lcore_offset __attribute__((__tls_model__("initial-exec")));
extern __thread unsigned int shim_lcores __attribute__((__tls_model__("initial-exec")));

void *shim_alloc_percpu(unsigned int lcores);
void free_percpu(void *p);

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (unsigned int)(cpu) < shim_lcores; (cpu)++)
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define this_cpu_ptr(p)     ((__typeof__(p))((char *)(p) + shim_lcore_offset))
#define this_cpu_add(x, n)  ((void)(*this_cpu_ptr(&(x)) += (n)))
#define per_cpu_ptr(p, cpu) ((__typeof__(p))((char *)(p) + (cpu) * SHIM_PERCPU_ROOM))
/* Of types with room: 0 bytes too many. */
#define alloc_percpu(type)                                                                                             \
    ((__typeof__(type) *)shim_alloc_percpu(shim_lcores + 0 * sizeof(char[SHIM_PERCPU_ROOM - sizeof(type) + 1])))
