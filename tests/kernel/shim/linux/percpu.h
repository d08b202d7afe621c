/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU variables: the address is CPU 0's, and another CPU's address is a multiple
 * of SHIM_PERCPU_ROOM behind. Static variables are in a section with room for all
 * CPUs at the end, which alloc_percpu() uses as well.
 */
#pragma once
#include <linux/compiler.h>
#include <linux/minmax.h>

#define NR_CPUS 4
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < NR_CPUS; (cpu)++)
#define SHIM_PERCPU_ROOM (512UL << 10)

#define DEFINE_PER_CPU(type, name)  __attribute__((__section__("shim_percpu"))) __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

#ifdef __cplusplus
extern "C" {
#endif
void *shim_alloc_percpu(size_t size);
void free_percpu(void *p);
#ifdef SHIM_BENCH
extern __thread unsigned long shim_percpu_offset;
#define smp_processor_id() ((unsigned int)(shim_percpu_offset / SHIM_PERCPU_ROOM))
#else
unsigned int smp_processor_id(void);
/* Of this thread's CPU; the pointer is only good while interrupts are off. */
void *shim_this_cpu(void *p);
#endif
#ifdef __cplusplus
}
#endif

#define alloc_percpu(type)          ((__typeof__(type) *)shim_alloc_percpu(sizeof(type)))
#define __alloc_percpu(size, align) shim_alloc_percpu(size)
#define per_cpu_ptr(p, cpu)         ((__typeof__(p))((char *)(p) + (cpu) * SHIM_PERCPU_ROOM))
#ifdef SHIM_BENCH
#define this_cpu_ptr(p)     ((__typeof__(p))((char *)(p) + shim_percpu_offset))
#define this_cpu_add(x, n)  ((void)(*this_cpu_ptr(&(x)) += (n)))
#else
#define this_cpu_ptr(p)     ((__typeof__(p))shim_this_cpu(p))
#define this_cpu_add(x, n)                                                                                             \
    ((void)__atomic_fetch_add((__typeof__(&(x)))((char *)&(x) + smp_processor_id() * SHIM_PERCPU_ROOM), (n),           \
                              __ATOMIC_RELAXED))
#endif
#define raw_cpu_ptr(p) this_cpu_ptr(p)
