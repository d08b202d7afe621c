/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The holder of a lock may lose its CPU, so waiters yield theirs after a while. */
#pragma once
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <sched.h>

typedef struct {
    int locked;
} spinlock_t;

#define spin_lock_init(l) ((void)((l)->locked = 0))

static inline void spin_lock(spinlock_t *l)
{
    unsigned int spins = 0;

    while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&l->locked, __ATOMIC_RELAXED))
            if (++spins % 256)
                __builtin_ia32_pause();
            else
                sched_yield();
}

static inline void spin_unlock(spinlock_t *l)
{
    __atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}
