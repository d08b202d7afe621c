/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread is on a simulated CPU. With interrupts off no other thread is on the CPU: a
 * mutex for each CPU. Interrupts off are an RCU read side, too.
 */
#pragma once
#include <linux/types.h>

#ifdef SHIM_BENCH
/* As many instructions as pushf, pop, cli, and as test, sti. */
extern __thread unsigned long shim_irqs_off;
#define local_irq_save(flags)    ((flags) = shim_swap_irqs(1))
#define local_irq_restore(flags) ((void)shim_swap_irqs(flags))
static inline unsigned long shim_swap_irqs(unsigned long off)
{
    unsigned long old = shim_irqs_off;

    __asm__ volatile("" ::: "memory");
    shim_irqs_off = off;
    __asm__ volatile("" ::: "memory");
    return old;
}
#else
#ifdef __cplusplus
extern "C" {
#endif
void shim_irq_save(void);
void shim_irq_restore(void);
bool shim_irqs_are_off(void);
#ifdef __cplusplus
}
#endif
#define local_irq_save(flags)    (shim_irq_save(), (flags) = 0)
#define local_irq_restore(flags) ((void)(flags), shim_irq_restore())
#define irqs_disabled()          shim_irqs_are_off()
#endif
