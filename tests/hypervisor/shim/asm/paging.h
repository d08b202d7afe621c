/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of dirty pages, for the migration of a domain. */
#pragma once
#include <xen/sched.h>

#define paging_mode_external(d) (!(d)->pv)
void paging_mark_dirty(struct domain *d, mfn_t mfn);
