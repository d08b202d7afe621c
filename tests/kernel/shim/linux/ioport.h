/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>

struct resource {
    u64 start, end;
    struct resource *parent;
};
