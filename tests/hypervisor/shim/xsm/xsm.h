/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <xen/sched.h>

typedef enum { XSM_PRIV, XSM_TARGET } xsm_default_t;

int xsm_iommu_op(xsm_default_t action);
int xsm_map_gmfn_foreign(xsm_default_t action, struct domain *d, struct domain *t);
