/* SPDX-License-Identifier: GPL-2.0-only */
/* The system has one, too, which its own headers want. */
#pragma once
#include_next <linux/stddef.h>
