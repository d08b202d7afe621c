// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the module, and of the host map: main.c and isolate.c change the
 * state, any file may look.
 */
#include "isolate.h"
#include "state.h"

struct pviommu_state pviommu_state = {
	.mode = PVIOMMU_STRICT,
	.state = "off",
	.reason = "none",
};

enum pviommu_host_map pviommu_host_map __read_mostly;
