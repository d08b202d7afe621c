/* SPDX-License-Identifier: GPL-2.0-only */
/* The system's headers want their own header of the same name, too. */
#pragma once
#include_next <linux/stddef.h>
