/* SPDX-License-Identifier: GPL-2.0-only */
/* The test's only thread is the only CPU that runs. */
#pragma once
#include <linux/irqflags.h>

static inline int stop_machine(int (*fn)(void *), void *data,
			       const void *cpus)
{
	unsigned long flags;
	int rc;

	local_irq_save(flags);
	rc = fn(data);
	local_irq_restore(flags);

	return rc;
}
