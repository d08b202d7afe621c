/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/notifier.h>

#ifdef __cplusplus
extern "C" {
#endif
int register_reboot_notifier(struct notifier_block *nb);
void unregister_reboot_notifier(struct notifier_block *nb);
#ifdef __cplusplus
}
#endif
