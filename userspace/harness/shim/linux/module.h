/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define module_param_named(name, value, type, perm) struct shim_nothing
#define module_param(name, type, perm) struct shim_nothing
#define MODULE_PARM_DESC(name, text) struct shim_nothing
#define MODULE_AUTHOR(text) struct shim_nothing
#define MODULE_LICENSE(text) struct shim_nothing
#define EXPORT_SYMBOL_GPL(name) struct shim_nothing
#define EXPORT_SYMBOL(name) struct shim_nothing
