/* SPDX-License-Identifier: GPL-2.0-only */
/* The P2M: the frame behind a PFN, from a table of the test. */
#pragma once
#include <linux/mm.h>
#include <xen/interface/xen.h>

#define FOREIGN_FRAME_BIT  (1UL << 63)
#define IDENTITY_FRAME_BIT (1UL << 62)
#define INVALID_P2M_ENTRY  (~0UL)

#ifdef __cplusplus
extern "C" {
#endif
unsigned long __pfn_to_mfn(unsigned long pfn);
extern unsigned long *xen_p2m_addr, xen_p2m_size;
#ifdef __cplusplus
}
#endif
