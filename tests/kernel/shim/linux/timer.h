/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers fire at the test's request, on the CPU that armed them. */
#pragma once
#include <linux/jiffies.h>

struct timer_list {
    void (*function)(struct timer_list *t);
    unsigned long expires;
    unsigned int cpu;
    bool pending, running;
    struct timer_list *next; /* of all timers */
};

#define TIMER_PINNED 1u

#ifdef __cplusplus
extern "C" {
#endif
void timer_setup(struct timer_list *t, void (*function)(struct timer_list *t), unsigned int flags);
int mod_timer(struct timer_list *t, unsigned long expires);
int timer_delete_sync(struct timer_list *t);
#ifdef __cplusplus
}
#endif
