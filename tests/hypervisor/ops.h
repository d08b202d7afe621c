// SPDX-License-Identifier: GPL-2.0-only
//
// Ops of the hypercall, as programs of tests make them.
#pragma once

#include "world.h"

// With a range, or with no field that counts.
inline xen_iommu_op op_range(unsigned op, uint64_t bfn, uint32_t nr, unsigned flags = 0)
{
    xen_iommu_op o = {};
    o.op = static_cast<uint16_t>(op);
    o.flags = static_cast<uint16_t>(flags);
    o.u.range.bfn = bfn;
    o.u.range.nr = nr;
    return o;
}
