/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <xen/sched.h>

bool iomem_access_permitted(const struct domain *d, unsigned long first, unsigned long last);
