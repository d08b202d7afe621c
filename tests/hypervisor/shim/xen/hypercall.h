/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypercall itself, and its continuation: the test's driver enters again. */
#pragma once
#include <public/iommu_op.h>

long do_iommu_op(XEN_GUEST_HANDLE_PARAM(xen_iommu_op_t) uops, unsigned int count);

long shim_continue(unsigned int op, const char *format, xen_iommu_op_t *uops, unsigned int count);
#define hypercall_create_continuation(op, format, hnd, count) shim_continue(op, format, (hnd).p, count)
