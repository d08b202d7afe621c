/* SPDX-License-Identifier: GPL-2.0-only */
/* A lock that can wait for a thread, and reports a deadlock when there is only one thread. */
#pragma once

typedef struct {
    int held;
} spinlock_t;

void spin_lock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
#define spin_lock_init(l) ((void)((l)->held = 0))
