/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* No macros for C++, whose library has functions of these names. */
#pragma once

#ifdef __cplusplus
static inline unsigned long max(unsigned long a, unsigned long b) { return a > b ? a : b; }
#define min_not_zero(a, b) ((a) == 0 ? (b) : (b) == 0 ? (a) : (a) < (b) ? (a) : (b))
#else
#define min(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define min_t(t, a, b) ({ t a_ = (a); t b_ = (b); a_ < b_ ? a_ : b_; })
#define max_t(t, a, b) ({ t a_ = (a); t b_ = (b); a_ > b_ ? a_ : b_; })
#define clamp(v, lo, hi) ({ __typeof__(v) v_ = (v), lo_ = (lo), hi_ = (hi); v_ < lo_ ? lo_ : v_ > hi_ ? hi_ : v_; })
#define min_not_zero(a, b) ({ __typeof__(a) a_ = (a), b_ = (b); !a_ ? b_ : !b_ ? a_ : a_ < b_ ? a_ : b_; })
#endif
