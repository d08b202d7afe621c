/* Nothing interrupts a lcore: it is one thread's. */
#pragma once
#include <linux/types.h>

#define local_irq_save(flags)    ((flags) = 0)
#define local_irq_restore(flags) ((void)(flags))
