/* Who copies a domain learns which of its pages were written to. */
#pragma once
#include <xen/sched.h>

#define paging_mode_external(d) (!(d)->pv)
void paging_mark_dirty(struct domain *d, mfn_t mfn);
