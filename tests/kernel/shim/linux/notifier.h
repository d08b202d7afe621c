/* SPDX-License-Identifier: GPL-2.0-only */
/* A chain has one block. */
#pragma once
#include <linux/types.h>

#define NOTIFY_DONE 0

struct notifier_block {
    int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
};
struct atomic_notifier_head {
    struct notifier_block *block;
};

static inline void atomic_notifier_chain_register(struct atomic_notifier_head *chain, struct notifier_block *nb)
{
    chain->block = nb;
}

static inline void atomic_notifier_chain_unregister(struct atomic_notifier_head *chain, struct notifier_block *nb)
{
    chain->block = chain->block == nb ? NULL : chain->block;
}
