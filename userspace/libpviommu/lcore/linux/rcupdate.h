/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* RCU is liburcu's: see kernel.c. */
#pragma once
#include <linux/compiler.h>

#include "../environment.h"

#define rcu_head             shim_rcu_head
#define rcu_read_lock()      shim_rcu_read_lock()
#define rcu_read_unlock()    shim_rcu_read_unlock()
#define call_rcu(head, func) shim_call_rcu(head, func)
#define rcu_barrier()        shim_rcu_run()
#define rcu_dereference(p)       __atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_sched(p) rcu_dereference(p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v)   __atomic_store_n(&(p), (v), __ATOMIC_RELAXED)
