/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#define MODULE

struct kernel_param;

struct kernel_param_ops {
    int (*set)(const char *value, const struct kernel_param *kp);
    int (*get)(char *buffer, const struct kernel_param *kp);
};

#define module_param_named(name, value, type, perm) struct shim_nothing
#define module_param_cb(name, ops, arg, perm) static const void *shim_param_##name __attribute__((unused)) = (ops)
#define module_param(name, type, perm) struct shim_nothing
#define MODULE_PARM_DESC(name, text) struct shim_nothing
#define MODULE_AUTHOR(text) struct shim_nothing
#define MODULE_LICENSE(text) struct shim_nothing
#define EXPORT_SYMBOL_GPL(name) struct shim_nothing
#define EXPORT_SYMBOL(name) struct shim_nothing
