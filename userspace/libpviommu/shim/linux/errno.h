/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The system's own header of the name, for the C library's errno.h. */
#pragma once
#include_next <linux/errno.h>
