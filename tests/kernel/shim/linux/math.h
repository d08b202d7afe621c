/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#define round_down(n, to)  ((n) & ~((__typeof__(n))(to) - 1))
#define round_up(n, to)    round_down((n) + (to) - 1, to)
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
