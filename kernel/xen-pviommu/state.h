/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the module after its start.
 */
#ifndef _XEN_PVIOMMU_STATE_H
#define _XEN_PVIOMMU_STATE_H

#include "device.h"

struct pviommu_state {
	enum pviommu_mode mode;	/* as asked for, or strict for want of static */
	const char *state;	/* "active", "fallback" or "off" */
	const char *reason;	/* why it is not active, or "none" */
};

extern struct pviommu_state pviommu_state;

static inline bool pviommu_active(void)
{
	return pviommu_state.state[0] == 'a';
}

#endif /* _XEN_PVIOMMU_STATE_H */
