/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * READ_ONCE() and WRITE_ONCE(): relaxed atomics, as TSan must see them. A test can
 * weaken them, and atomic_long_or(), as far as allowed. A write then stays in the
 * thread's store buffer until a barrier, and another event can come right before or
 * after a read.
 */
#pragma once
#include <linux/types.h>

#ifdef SHIM_BENCH
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define smp_mb()                __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_mb__before_atomic() __asm__ volatile("" ::: "memory")
#define smp_mb__after_atomic()  __asm__ volatile("" ::: "memory")
#define smp_rmb()               __asm__ volatile("" ::: "memory")
#else
#ifdef __cplusplus
extern "C" {
#endif
void shim_before_read(const volatile void *what);
void shim_after_read(const volatile void *what);
/* Does the store buffer take the write? */
bool shim_write_later(volatile void *what, u64 value, size_t size);
bool shim_or_later(volatile void *what, unsigned long bits);
void shim_barrier(void);
/* Of this thread: does a barrier precede the next write? */
bool shim_ordered(void);
#ifdef __cplusplus
}
#endif

#define READ_ONCE(x) ({                                                           \
    __typeof__(({ (x); })) read_;                                                 \
    shim_before_read(&(x));                                                       \
    __atomic_load(&(x), &read_, __ATOMIC_RELAXED);                                \
    shim_after_read(&(x));                                                        \
    read_;                                                                        \
})
#define WRITE_ONCE(x, v) do {                                                     \
    __typeof__(({ (x); })) write_ = (v);                                          \
    if (!shim_write_later(&(x), (u64)write_, sizeof(x)))                          \
        __atomic_store(&(x), &write_, __ATOMIC_RELAXED);                          \
} while (0)
#define smp_mb()                shim_barrier()
#define smp_mb__before_atomic() shim_barrier()
#define smp_mb__after_atomic()  shim_barrier()
#define smp_rmb()               shim_barrier()
#endif
