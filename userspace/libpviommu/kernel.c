// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Linux' services for the allocator, from a process: memory, and RCU by liburcu. liburcu
 * has Linux' names as well, so this file uses no header of lcore/linux.
 *
 * A caller that wants a new chunk waits for a grace period, when descriptors of old
 * chunks wait: at most once in KEEP_WAITING chunks. The library needs no thread of its
 * own, on a core that the process wants for other work.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-bp.h>

#include "lcore/environment.h"

#define LINE 64
#define PAGE 4096
#define KEEP_WAITING 16

/* TSan does not see into liburcu: annotations tell TSan the guarantees of RCU. */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#else
#define __tsan_acquire(addr) ((void)(addr))
#define __tsan_release(addr) ((void)(addr))
#endif

static struct shim_rcu_head *waiting; /* of all spaces */
static unsigned int nr_waiting;
static char readers; /* where reads end, for TSan */

void shim_rcu_read_lock(void)
{
    rcu_read_lock();
}

void shim_rcu_read_unlock(void)
{
    __tsan_release(&readers);
    rcu_read_unlock();
}

/* Called with a spinlock held. */
void shim_call_rcu(struct shim_rcu_head *head, void (*func)(struct shim_rcu_head *head))
{
    head->func = func;
    head->next = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&waiting, &head->next, head, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    __atomic_fetch_add(&nr_waiting, 1, __ATOMIC_RELAXED);
}

/* Callbacks only free memory. */
void shim_rcu_run(void)
{
    struct shim_rcu_head *head, *next;

    __atomic_store_n(&nr_waiting, 0, __ATOMIC_RELAXED);
    head = __atomic_exchange_n(&waiting, NULL, __ATOMIC_ACQUIRE);
    if (!head)
        return;
    synchronize_rcu();
    __tsan_acquire(&readers);
    for (; head; head = next) {
        next = head->next;
        head->func(head);
    }
}

static void *alloc(size_t size, size_t align)
{
    void *p;

    size = (size + align - 1) / align * align;
    p = aligned_alloc(align, size);

    return p ? memset(p, 0, size) : NULL;
}

void *shim_alloc(size_t size)
{
    return alloc(size, LINE);
}

/* Only new chunks have pages: without a lock, and on no read side. */
void *shim_alloc_page(void)
{
    if (__atomic_load_n(&nr_waiting, __ATOMIC_RELAXED) >= KEEP_WAITING)
        shim_rcu_run();

    return alloc(PAGE, PAGE);
}

void shim_free(const void *p)
{
    free((void *)p);
}
