/* SPDX-License-Identifier: GPL-2.0-only */
/* Sleeping locks; here no two threads contend. */
#pragma once
#include <linux/irqflags.h>

struct mutex {
    bool locked;
};

#define DEFINE_MUTEX(name) struct mutex name

static inline void mutex_lock(struct mutex *m)
{
    if (irqs_disabled())
        shim_violation("a mutex with interrupts off");
    if (m->locked)
        shim_violation("deadlock: the mutex is held already");
    m->locked = true;
}

static inline void mutex_unlock(struct mutex *m)
{
    m->locked = false;
}
