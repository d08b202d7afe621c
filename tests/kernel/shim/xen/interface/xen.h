/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#define DOMID_SELF 0x7ff0u
