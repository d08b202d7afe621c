/* SPDX-License-Identifier: GPL-2.0-only */
/* Work runs when the test says so: world::run_work(). */
#pragma once
#include <linux/types.h>

struct work_struct {
    void (*func)(struct work_struct *work);
};

struct delayed_work {
    struct work_struct work;
};

#define DECLARE_DELAYED_WORK(name, f) struct delayed_work name = {{f}}

#ifdef __cplusplus
extern "C" {
#endif
bool schedule_delayed_work(struct delayed_work *work, unsigned long delay);
bool cancel_delayed_work_sync(struct delayed_work *work);
#ifdef __cplusplus
}
#endif
