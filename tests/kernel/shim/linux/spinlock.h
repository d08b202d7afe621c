/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks: taken with interrupts off, as any CPU's interrupt takes them, too. */
#pragma once
#include <linux/compiler.h>
#include <linux/irqflags.h>

typedef struct {
    int locked;
} spinlock_t;

#ifdef SHIM_BENCH
#define spin_lock_init(l) ((void)((l)->locked = 0))
#ifdef SHIM_COUNT_LOCKS
/* Locks outside of a CPU's own memory. */
extern unsigned long shim_shared_locks;
bool shim_is_percpu(const void *p);
#define shim_count_lock(l) ((void)(shim_shared_locks += !shim_is_percpu(l)))
#else
#define shim_count_lock(l) ((void)0)
#endif

static inline void spin_lock(spinlock_t *l)
{
    int unlocked = 0;

    shim_count_lock(l);
    while (!__atomic_compare_exchange_n(&l->locked, &unlocked, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        unlocked = 0;
        __builtin_ia32_pause();
    }
}

static inline void spin_unlock(spinlock_t *l)
{
    __atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}
#else
#ifdef __cplusplus
extern "C" {
#endif
void spin_lock_init(spinlock_t *l);
void spin_lock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
bool lockdep_is_held(const spinlock_t *l);
#ifdef __cplusplus
}
#endif
#endif

#define DEFINE_SPINLOCK(l) spinlock_t l
#define spin_lock_irqsave(l, flags)      (local_irq_save(flags), spin_lock(l))
#define spin_unlock_irqrestore(l, flags) (spin_unlock(l), local_irq_restore(flags))
