/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/dma-map-ops.h>
