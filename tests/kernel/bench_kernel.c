// SPDX-License-Identifier: GPL-2.0-only
/* The least of Linux for the benchmark's files: no checks, no faults. */
#include <linux/cpuhotplug.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <stdlib.h>

__thread unsigned long shim_irqs_off;
__thread unsigned long shim_percpu_offset;
unsigned long shim_shared_locks;

static char area[NR_CPUS * SHIM_PERCPU_ROOM] __attribute__((__aligned__(4096)));
static size_t used;

/* Never freed. */
void *shim_alloc_percpu(size_t size)
{
    void *p = area + used;

    used += (size + 63) / 64 * 64;
    if (used > SHIM_PERCPU_ROOM)
        abort();
    return p;
}

void free_percpu(void *p)
{
    (void)p;
}

bool shim_is_percpu(const void *p);
bool shim_is_percpu(const void *p)
{
    return (const char *)p >= area && (const char *)p < area + sizeof(area);
}

void *shim_alloc(size_t size, size_t align, gfp_t gfp)
{
    void *p = aligned_alloc(align, (size + align - 1) / align * align);

    (void)gfp;
    return p ? memset(p, 0, (size + align - 1) / align * align) : NULL;
}

void shim_free(const void *p)
{
    free((void *)p);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
    func(head);
}

void rcu_barrier(void)
{
}
