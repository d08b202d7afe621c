/* SPDX-License-Identifier: GPL-2.0-only */
/* The per-CPU rwlock: a reader notes the lock in its CPU's slot, a writer waits for all slots. */
#pragma once
#include <xen/percpu.h>

typedef struct percpu_rwlock {
    int writer;
} percpu_rwlock_t;

void shim_read_lock(percpu_rwlock_t **slots, percpu_rwlock_t *l);
void shim_read_unlock(percpu_rwlock_t **slots, percpu_rwlock_t *l);
void shim_write_lock(percpu_rwlock_t **slots, percpu_rwlock_t *l);
void shim_write_unlock(percpu_rwlock_t **slots, percpu_rwlock_t *l);

#define DECLARE_PERCPU_RWLOCK_GLOBAL(name) DECLARE_PER_CPU(percpu_rwlock_t *, name)
#define DEFINE_PERCPU_RWLOCK_GLOBAL(name)  DEFINE_PER_CPU(percpu_rwlock_t *, name)
#define percpu_rwlock_resource_init(l, name) ((void)get_per_cpu_var(name), (void)((l)->writer = 0))
#define percpu_read_lock(name, l)    shim_read_lock(get_per_cpu_var(name), l)
#define percpu_read_unlock(name, l)  shim_read_unlock(get_per_cpu_var(name), l)
#define percpu_write_lock(name, l)   shim_write_lock(get_per_cpu_var(name), l)
#define percpu_write_unlock(name, l) shim_write_unlock(get_per_cpu_var(name), l)
