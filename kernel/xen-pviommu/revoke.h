/* SPDX-License-Identifier: GPL-2.0-only */
/* Revocation of mappings that drivers left. */
#ifndef _XEN_PVIOMMU_REVOKE_H
#define _XEN_PVIOMMU_REVOKE_H

#include <linux/types.h>

struct pviommu_revoked {
	unsigned long runs;
	int error;	/* the last error, or 0 */
};

struct pviommu_revoked pviommu_revoke(u64 owner);

#endif /* _XEN_PVIOMMU_REVOKE_H */
