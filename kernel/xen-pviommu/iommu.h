/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU API's side, for VFIO: a device can be given to a process.
 * docs/dpdk.md.
 */
#ifndef _XEN_PVIOMMU_IOMMU_H
#define _XEN_PVIOMMU_IOMMU_H

#include <linux/errno.h>
#include <linux/types.h>

struct device;
struct iommu_domain;

#ifdef CONFIG_IOMMU_API

/* iommu.c */
int pviommu_iommu_serve(bool on);
bool pviommu_iommu_serves(void);

/* domain.c */
struct iommu_domain *pviommu_domain_alloc(struct device *dev);
extern struct iommu_domain pviommu_identity_domain;
extern struct iommu_domain pviommu_blocked_domain;
bool pviommu_domains_close(void);
void pviommu_domains_exposed(void);
void pviommu_domains_open(void);

/* claims.c */
int pviommu_claims_cover(u64 bfn, u64 nr);
void pviommu_claims_release(void);

#else

static inline int pviommu_iommu_serve(bool on)
{
	return on ? -EOPNOTSUPP : 0;
}

static inline bool pviommu_iommu_serves(void)
{
	return false;
}

static inline void pviommu_domains_exposed(void)
{
}

#endif

#endif /* _XEN_PVIOMMU_IOMMU_H */
