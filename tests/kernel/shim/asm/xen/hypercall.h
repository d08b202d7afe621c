/* SPDX-License-Identifier: GPL-2.0-only */
/* The one hypercall: xen.cpp. */
#pragma once
struct xen_iommu_op;

#ifdef __cplusplus
extern "C" {
#endif
long shim_iommu_op(struct xen_iommu_op *ops, unsigned int count);
#ifdef __cplusplus
}
#endif

#define _hypercall2(type, name, a, b) ((type)shim_##name(a, b))
