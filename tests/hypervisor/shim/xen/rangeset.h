#pragma once
#include <xen/types.h>

struct rangeset;
extern struct rangeset *mmio_ro_ranges;
bool rangeset_contains_singleton(struct rangeset *r, unsigned long s);
