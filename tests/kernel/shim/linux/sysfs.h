/* SPDX-License-Identifier: GPL-2.0-only */
/* A file's page. */
#pragma once
#include <stdio.h>
#include <linux/mm.h>

#define sysfs_emit(buf, ...) snprintf(buf, PAGE_SIZE, __VA_ARGS__)
