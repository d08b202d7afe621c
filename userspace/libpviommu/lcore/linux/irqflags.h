/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Nothing interrupts an lcore: an lcore belongs to one thread. */
#pragma once
#include <linux/types.h>

#define local_irq_save(flags)    ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
