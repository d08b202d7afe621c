/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/irqflags.h>

#define cond_resched() (irqs_disabled() ? shim_violation("cond_resched() with interrupts off") : (void)0)
