/* SPDX-License-Identifier: GPL-2.0-only */
/* Linux' own iova.c and rbtree.c need more than shim/, for the benchmark. */
#pragma once
#include <linux/bits.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <stdlib.h>

#include <limits.h>

#define IS_REACHABLE(option) 1
#define assert_spin_locked(l) ((void)(l))
#define BUG_ON(c)  ((c) ? abort() : (void)0)
#define WARN_ON(c) ({ bool warn_ = (c); warn_; })
#define WARN_ON_ONCE(c) WARN_ON(c)
#define roundup_pow_of_two(n) (1UL << order_base_2(n))
#define is_power_of_2(n) ((n) && !((n) & ((n) - 1)))
#define order_base_2(n)  ((n) > 1 ? ilog2((n) - 1) + 1 : 0)
#define __ALIGN_MASK(n, mask) (((n) + (mask)) & ~(mask))
#define ALIGN(n, a) __ALIGN_MASK(n, (__typeof__(n))(a) - 1)
#define fls_long(n) ((n) ? ilog2(n) + 1 : 0)
#define cache_line_size() 64
#define pr_err(...) ((void)0)
#define unlikely_notrace unlikely

struct mutex {
    int unused;
};
#define DEFINE_MUTEX(name) struct mutex name
#define mutex_lock(m)   ((void)(m))
#define mutex_unlock(m) ((void)(m))

struct kmem_cache {
    size_t size;
};
static inline struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, unsigned long flags,
                                                   void (*ctor)(void *))
{
    static struct kmem_cache cache;

    cache.size = size;
    return &cache;
}
#define kmem_cache_zalloc(c, gfp) shim_alloc((c)->size, 64, gfp)
#define kmem_cache_alloc(c, gfp)  shim_alloc((c)->size, 64, gfp)
#define kmem_cache_free(c, p)     shim_free(p)
#define kmem_cache_destroy(c)     ((void)(c))
#define SLAB_HWCACHE_ALIGN 0

#define cpuhp_setup_state_multi(...) 0
#define cpuhp_remove_multi_state(...) ((void)0)
#define cpuhp_state_add_instance_nocalls(...) 0
#define cpuhp_state_remove_instance_nocalls(...) ((void)0)
