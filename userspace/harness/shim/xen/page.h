/* The P2M: what is behind a PFN, from a table that the test fills. */
#pragma once
#include <linux/mm.h>

#define FOREIGN_FRAME_BIT  (1UL << 63)
#define IDENTITY_FRAME_BIT (1UL << 62)
#define DOMID_SELF 0x7ff0u

#ifdef __cplusplus
extern "C" {
#endif
unsigned long __pfn_to_mfn(unsigned long pfn);
#ifdef __cplusplus
}
#endif
