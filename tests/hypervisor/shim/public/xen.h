/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest handles are plain pointers. */
#pragma once
#define XEN_GUEST_HANDLE_PARAM(name)  __guest_handle_##name
#define DEFINE_XEN_GUEST_HANDLE(name) typedef struct { name *p; } __guest_handle_##name
#include <stdint.h>
