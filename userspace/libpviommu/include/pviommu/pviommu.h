// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A process maps its own memory for devices, through /dev/xen-pviommu.
// docs/libpviommu.md is the page for it. The simulated backend is in sim.h.
#pragma once

#include "backend.h"
#include "batch.h"
#include "error.h"
#include "space.h"
