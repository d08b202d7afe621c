/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once
#include <linux/mm.h>

#define node_end_pfn(node) ((void)(node), (unsigned long)SHIM_PAGES)
