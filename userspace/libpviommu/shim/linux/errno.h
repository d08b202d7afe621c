/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The system's own header of the name, which the C library's errno.h includes. */
#pragma once
#include_next <linux/errno.h>
