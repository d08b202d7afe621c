/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once
#include <linux/notifier.h>

extern struct atomic_notifier_head panic_notifier_list;
