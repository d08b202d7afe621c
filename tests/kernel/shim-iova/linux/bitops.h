/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/kernel.h>
#include_next <linux/bitops.h>
