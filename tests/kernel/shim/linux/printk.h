/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>
#define pr_err_ratelimited(...) shim_log(__VA_ARGS__)
#define pr_emerg(...)           shim_log(__VA_ARGS__)
#define pr_err(...)             shim_log(__VA_ARGS__)
#define pr_notice(...)          shim_log(__VA_ARGS__)
#define pr_info(...)            shim_log(__VA_ARGS__)
