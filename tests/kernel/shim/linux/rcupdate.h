/* SPDX-License-Identifier: GPL-2.0-only */
/* RCU is liburcu's: see rcu.cpp. Interrupts off are a read side as well. */
#pragma once
#include <linux/compiler.h>

struct rcu_head {
    struct rcu_head *next;
    void (*func)(struct rcu_head *head);
};

#ifdef __cplusplus
extern "C" {
#endif
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void rcu_barrier(void);
#ifndef SHIM_BENCH
void rcu_read_lock(void);
void rcu_read_unlock(void);
void shim_check_reader(bool sched);
#endif
#ifdef __cplusplus
}
#endif

#ifdef SHIM_BENCH
#define rcu_read_lock()   __asm__ volatile("" ::: "memory")
#define rcu_read_unlock() __asm__ volatile("" ::: "memory")
#define shim_check_reader(sched) ((void)0)
#define lockdep_is_held(l) true
#define rcu_dereference_protected(p, c) (p)
#else
#define rcu_dereference_protected(p, c) ((c) ? (void)0 : shim_violation("RCU: " #c " does not hold"), (p))
#endif
/* A read side with interrupts on does not count as one of the sched kind here. */
#define rcu_read_lock_sched()   do { unsigned long flags_; local_irq_save(flags_); (void)flags_
#define rcu_read_unlock_sched() local_irq_restore(0); } while (0)
/* Acquire, as TSan knows no dependencies. */
#define rcu_dereference(p)       (shim_check_reader(false), __atomic_load_n(&(p), __ATOMIC_ACQUIRE))
#define rcu_dereference_sched(p) (shim_check_reader(true), __atomic_load_n(&(p), __ATOMIC_ACQUIRE))
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v)   __atomic_store_n(&(p), (v), __ATOMIC_RELAXED)
