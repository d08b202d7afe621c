/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#pragma once

#define rounddown_pow_of_two(n) (1UL << (63 - __builtin_clzll(n)))
#define ilog2(n) (63 - __builtin_clzll(n))
