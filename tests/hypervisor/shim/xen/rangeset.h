/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <xen/types.h>

struct rangeset;
extern struct rangeset *mmio_ro_ranges;
struct domain;
bool rangeset_contains_singleton(struct rangeset *r, unsigned long s);
struct rangeset *rangeset_new(struct domain *d, const char *name, unsigned int flags);
int rangeset_add_range(struct rangeset *r, unsigned long s, unsigned long e);
int rangeset_remove_range(struct rangeset *r, unsigned long s, unsigned long e);
