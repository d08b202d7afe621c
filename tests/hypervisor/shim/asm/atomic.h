/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomics as the compiler has them, so that TSan understands them. */
#pragma once

typedef struct {
    int counter;
} atomic_t;

/* The test may let another vCPU run right before a compare and exchange, which sees the other's work. */
void shim_race(void);
void shim_exchanged(const void *p, unsigned long from, unsigned long to);

#define atomic_read(v)       __atomic_load_n(&(v)->counter, __ATOMIC_RELAXED)
#define atomic_set(v, n)     __atomic_store_n(&(v)->counter, (n), __ATOMIC_RELAXED)
#define atomic_add(n, v)     ((void)__atomic_add_fetch(&(v)->counter, (n), __ATOMIC_SEQ_CST))
#define atomic_sub(n, v)     ((void)__atomic_sub_fetch(&(v)->counter, (n), __ATOMIC_SEQ_CST))
#define atomic_inc(v)        atomic_add(1, v)
#define atomic_dec(v)        atomic_sub(1, v)
#define atomic_add_return(n, v) __atomic_add_fetch(&(v)->counter, (n), __ATOMIC_SEQ_CST)
#define read_atomic(p)       __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define write_atomic(p, x)   __atomic_store_n((p), (x), __ATOMIC_RELEASE)
/* Stronger than Xen's volatile: bugs of a missing barrier alone are not seen here. */
#define ACCESS_ONCE(x)       (*(_Atomic(__typeof__(({ (x); }))) *)&(x))
/* Somebody else is to do something first. */
void cpu_relax(void);
#define smp_wmb()            __atomic_thread_fence(__ATOMIC_RELEASE)

#define cmpxchg(p, o, n) ({                                                       \
    __typeof__(*(p)) old_ = (o);                                                  \
    shim_race();                                                                  \
    const __typeof__(*(p)) new_ = (n);                                            \
    if (__atomic_compare_exchange_n((p), &old_, new_, false, __ATOMIC_SEQ_CST,    \
                                    __ATOMIC_SEQ_CST))                            \
        shim_exchanged((p), (unsigned long)old_, (unsigned long)new_);            \
    old_;                                                                         \
})
#define cmpxchgptr(p, o, n) cmpxchg(p, o, n)
