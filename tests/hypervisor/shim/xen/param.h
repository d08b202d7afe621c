/* SPDX-License-Identifier: GPL-2.0-only */
/* A boot parameter makes itself known before main(). */
#pragma once

void shim_param(const char *name, int (*parse)(const char *));

#define custom_param(name, fn)                                             \
    static void __attribute__((constructor)) shim_param_##fn(void)         \
    {                                                                      \
        shim_param(name, fn);                                              \
    }                                                                      \
    struct shim_swallow_semicolon
