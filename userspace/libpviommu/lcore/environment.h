/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Services of kernel.c for the headers of linux/: memory, and RCU. The names are neither
 * Linux' nor liburcu's, so both sides include this file.
 */
#pragma once
#include <stddef.h>

struct shim_rcu_head {
    struct shim_rcu_head *next;
    void (*func)(struct shim_rcu_head *head);
};

void shim_rcu_read_lock(void);
void shim_rcu_read_unlock(void);
void shim_call_rcu(struct shim_rcu_head *head, void (*func)(struct shim_rcu_head *head));
/* All callbacks that wait, after a grace period. */
void shim_rcu_run(void);

/* Zeroed, on a cache line of its own; NULL when there is none. */
void *shim_alloc(size_t size);
void *shim_alloc_page(void);
void shim_free(const void *p);
