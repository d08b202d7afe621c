/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define SZ_4G 0x100000000ULL
