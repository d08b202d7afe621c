// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver's leftovers are taken from its device. Their BFNs stay in use, as if
 * the maps had yielded, until a late unmap.
 *
 * CPUs change descriptors and BFNs without a lock. So all other CPUs stand
 * still from the look at a run's descriptor until Xen has revoked the run.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/stop_machine.h>

#include "batch.h"
#include "revoke.h"
#include "window.h"

struct sweep {
	struct pviommu_window *w;
	u64 owner;
	u64 bfn, end;		/* slots to look at, all of one chunk */
	unsigned long done;	/* revoked BFNs of the run at @bfn */
	struct pviommu_revoked revoked;
};

/* The next slot with a run of the owner; NULL: no run is left. */
static u64 *find_slot(struct sweep *s)
{
	for (; s->bfn < s->end; s->bfn++, s->done = 0) {
		u64 *slot = bfn_slot(&s->w->bfns, s->bfn);

		if (!slot)
			return NULL;
		if ((READ_ONCE(*slot) & PVIOMMU_DESC_OWNER) == s->owner)
			return slot;
	}

	return NULL;
}

/* A late unmap goes to Xen at once: the run never idles, nor waits. */
static u64 revoked_run(u64 desc)
{
	desc &= desc & PVIOMMU_DESC_STRICT ? ~PVIOMMU_DESC_OWNER :
					  ~PVIOMMU_DESC_PFN;

	return desc | PVIOMMU_DESC_STRICT;
}

/* Up to max_frames BFNs, in up to max_ops ops. */
static unsigned int revoke_gather(struct sweep *s, struct xen_iommu_op *ops)
{
	unsigned long room = pviommu_xen.max_frames, nr;
	unsigned int n = 0;
	u64 *slot;

	while (room && n < pviommu_xen.max_ops && (slot = find_slot(s))) {
		nr = min(pviommu_desc_nr(*slot) - s->done, room);
		pviommu_op_range(&ops[n++], XEN_IOMMUOP_revoke,
				 s->bfn + s->done, nr);
		room -= nr;
		s->done += nr;
		if (s->done < pviommu_desc_nr(*slot))
			break;
		*slot = revoked_run(*slot);
		s->revoked.runs++;
		s->bfn++;
		s->done = 0;
	}

	return n;
}

/* The other CPUs stand still, and interrupts are off: no batch is in use. */
static int revoke_some(void *data)
{
	struct sweep *s = data;
	struct xen_iommu_op *ops = pviommu_batch_here()->ops;
	unsigned int n = revoke_gather(s, ops), i;
	long rc;

	if (!n)
		return 0;
	pviommu_count(PVIOMMU_OPS, n);
	rc = pviommu_hypercall(ops, n);
	for (i = 0; i < n; i++)
		if (rc || ops[i].status) {
			pviommu_count(PVIOMMU_ERRORS, 1);
			s->revoked.error = rc ? rc : ops[i].status;
		}

	return 0;
}

static bool sweep_has_any(struct sweep *s)
{
	bool any;

	rcu_read_lock_sched();
	any = find_slot(s);
	rcu_read_unlock_sched();

	return any;
}

static void revoke_in(struct sweep *s, struct pviommu_window *w)
{
	u64 end = w->bfns.start + w->bfns.nr, bfn;

	if (!w->last)
		return;
	s->w = w;
	for (bfn = w->bfns.start; bfn < end; bfn += BFN_CHUNK_SIZE) {
		s->bfn = bfn;
		s->end = bfn + BFN_CHUNK_SIZE;
		s->done = 0;
		while (sweep_has_any(s))
			stop_machine(revoke_some, s, NULL);
		cond_resched();
	}
}

/**
 * pviommu_revoke - take an owner's mappings from devices
 * @owner: by its number in runs' descriptors, not 0; nobody maps for the owner now
 *
 * The machine stands still for a hypercall at a time: up to 128 runs, or 8 MiB.
 *
 * Context: process.
 * Return: how many runs are revoked, and the last error, if there was any:
 * devices may still reach some of them.
 */
struct pviommu_revoked pviommu_revoke(u64 owner)
{
	struct sweep s = { .owner = owner };

	revoke_in(&s, &pviommu_high);
	revoke_in(&s, &pviommu_low);

	return s.revoked;
}
