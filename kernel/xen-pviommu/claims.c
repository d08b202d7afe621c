// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims of BFNs that others choose: a process with a device through VFIO maps
 * anywhere. A claim is made around a map on demand, and stays until the last device
 * of VFIO goes. Xen refuses BFNs in use, so neither the host map nor the module's
 * windows are ever in such a claim.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "iommu.h"
#include "window.h"
#include "xencall.h"

/*
 * Xen has 64 claims in all, and leaf tables only for maps: a claim may be large. BFNs
 * in use make the claim smaller.
 */
#define CLAIM_LARGE	PHYS_PFN((u64)SZ_1G)
#define CLAIM_SMALL	XEN_IOMMUOP_CLAIM_FRAMES

static struct {
	u64 bfn;
	u64 nr;
} claims[XEN_IOMMUOP_MAX_CLAIMS];

static unsigned int nr_claims;

/* Protects both. */
static DEFINE_MUTEX(claims_lock);

/* The number of claimed BFNs from @bfn on, in the claim of @bfn. */
static u64 claimed(u64 bfn)
{
	unsigned int i;

	for (i = 0; i < nr_claims; i++)
		if (bfn - claims[i].bfn < claims[i].nr)
			return claims[i].bfn + claims[i].nr - bfn;

	return 0;
}

static int claim(u64 bfn, u64 nr)
{
	int err;

	if (nr_claims == XEN_IOMMUOP_MAX_CLAIMS)
		return -ENOSPC;
	bfn = round_down(bfn, nr);
	err = pviommu_claim(PFN_PHYS(bfn), PFN_PHYS(bfn + nr));
	if (err)
		return err;
	claims[nr_claims].bfn = bfn;
	claims[nr_claims++].nr = nr;

	return 0;
}

static int cover(u64 bfn, u64 end)
{
	u64 nr;
	int err;

	for (; bfn < end; bfn += nr) {
		nr = claimed(bfn);
		if (nr)
			continue;
		err = claim(bfn, CLAIM_LARGE);
		if (err && err != -ENOSPC)
			err = claim(bfn, CLAIM_SMALL);
		if (err)
			return err;
	}

	return 0;
}

/**
 * pviommu_claims_cover - make BFNs ready for maps
 * @bfn: the first
 * @nr: how many
 *
 * Context: process.
 * Return: 0; -EEXIST or -EADDRINUSE for BFNs in use: in the host map, in a window of
 * the module, or reserved; -ERANGE; -ENOSPC for too many
 * claims.
 */
int pviommu_claims_cover(u64 bfn, u64 nr)
{
	int err;

	mutex_lock(&claims_lock);
	err = cover(bfn, bfn + nr);
	mutex_unlock(&claims_lock);

	return err;
}

/* Nothing in them is in use any more. */
void pviommu_claims_release(void)
{
	u64 bfn;

	mutex_lock(&claims_lock);
	while (nr_claims) {
		nr_claims--;
		bfn = claims[nr_claims].bfn;
		pviommu_unclaim(PFN_PHYS(bfn),
				PFN_PHYS(bfn + claims[nr_claims].nr));
	}
	mutex_unlock(&claims_lock);
}
