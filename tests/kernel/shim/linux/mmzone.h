/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/mm.h>

#define node_end_pfn(node) ((void)(node), (unsigned long)SHIM_PAGES)
