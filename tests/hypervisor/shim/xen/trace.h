/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <xen/types.h>
#define TRC_IOMMU 0x0100f000
#define TRACE_EXTRA_MAX 7
extern int tb_init_done;
void trace_time(uint32_t event, unsigned int extra, const void *data);
