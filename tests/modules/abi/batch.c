// SPDX-License-Identifier: GPL-2.0-only
/* Many ops in one call: order, overlap, and failures in the middle. */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "abi.h"

#define TRIES	1000

static struct xen_iommu_op unmap_op(u64 bfn, u32 nr)
{
	return op_range(XEN_IOMMUOP_unmap, bfn, nr, 0);
}

/*
 * Run N ops and compare each status. A stop in Xen frees earlier unmaps for later ops,
 * and the statuses differ. Interrupts are off to make stops rare, and a batch with a
 * stop is run again.
 */
static void batch(struct tap *tap, const struct xen_iommu_op *ops,
		  unsigned int n, const int *want, const char *name)
{
	struct xen_iommu_op run[8];
	unsigned int i, try, bad;
	unsigned long flags;
	long rc;

	for (try = 0; try < TRIES; try++) {
		cond_resched();
		memcpy(run, ops, n * sizeof(*ops));
		local_irq_save(flags);
		rc = abi_call(run, n);
		local_irq_restore(flags);
		for (bad = 0, i = 0; i < n; i++)
			bad += run[i].status != want[i];
		/* Undo all maps: each case starts from nothing. */
		do_release(abi_base, LEAF);
		do_claim(abi_base, LEAF);
		if (!rc && !bad)
			break;
	}
	tap_is(tap, rc, 0, "%s: the call", name);
	for (i = 0; i < n; i++)
		tap_is(tap, run[i].status, want[i], "%s: op %u", name, i);
}

/* The statuses come last, as many as there are ops. */
#define BATCH(tap, name, ops, ...)					\
	batch(tap, ops, sizeof((int []){ __VA_ARGS__ }) / sizeof(int),	\
	      (const int []){ __VA_ARGS__ }, name)

static void overlaps(struct tap *tap, u64 mfn)
{
	u64 b = abi_base;
	struct xen_iommu_op map_map[] = {
		op_map(b, mfn, 1, RW), op_map(b, mfn, 1, RW) };
	struct xen_iommu_op map_over[] = {
		op_map(b + 2, mfn, 2, RW), op_map(b, mfn, 4, RW),
		op_map(b + 3, mfn, 4, RW), op_map(b, mfn, 2, RW) };
	/*
	 * The first map keeps Xen's generic path from freeing the leaf table
	 * with the unmap, which is work that cuts the batch there.
	 */
	struct xen_iommu_op again[] = {
		op_map(b + 1, mfn, 1, RW), op_map(b, mfn, 1, RW),
		unmap_op(b, 1), op_map(b, mfn, 1, RW) };
	struct xen_iommu_op twice[] = {
		op_map(b, mfn, 1, RW), unmap_op(b, 1), unmap_op(b, 1) };
	struct xen_iommu_op parts[] = {
		op_map(b, mfn, 8, RW), unmap_op(b + 3, 2), unmap_op(b, 8),
		op_map(b + 3, mfn, 2, RW), op_map(b + 2, mfn, 1, RW),
		unmap_op(b, 3), unmap_op(b + 5, 3) };
	struct xen_iommu_op empty[] = {
		unmap_op(b, 1), unmap_op(b, LEAF), op_map(b, mfn, 1, RW),
		unmap_op(b, 2), unmap_op(b + LEAF, 1) };
	struct xen_iommu_op claims[] = {
		op_range(XEN_IOMMUOP_claim, b + LEAF, LEAF, 0),
		op_map(b + LEAF, mfn, 1, RW),
		op_range(XEN_IOMMUOP_release, b + LEAF, LEAF, 0),
		unmap_op(b + LEAF, 1),
		op_range(XEN_IOMMUOP_release, b + LEAF, LEAF,
			 XEN_IOMMUOP_RELEASE_unmap),
		op_map(b + LEAF, mfn, 1, RW) };

	BATCH(tap, "map, map", map_map, 0, -EEXIST);
	BATCH(tap, "maps that overlap", map_over, 0, -EEXIST, -EEXIST, 0);
	BATCH(tap, "map, unmap, map", again, 0, 0, 0, -EBUSY);
	BATCH(tap, "map, unmap, unmap", twice, 0, 0, -ENOENT);
	BATCH(tap, "a part, then the whole", parts, 0, 0, -ENOENT, -EBUSY,
	      -EEXIST, 0, 0);
	BATCH(tap, "unmap of nothing", empty, -ENOENT, -ENOENT, 0, -ENOENT,
	      -ENOENT);
	/* Claims change under maps that wait for the batch's flush. */
	{
		struct xen_iommu_op run[ARRAY_SIZE(claims)];
		unsigned int i;

		memcpy(run, claims, sizeof(run));
		tap_is(tap, abi_call(run, ARRAY_SIZE(run)), 0,
		       "claim to release in one batch");
		for (i = 0; i < ARRAY_SIZE(run); i++)
			tap_ok(tap, run[i].status == (i == 5 ? -ENOENT : 0) ||
			       (i == 2 && run[i].status == -EBUSY),
			       "claim to release in one batch: op %u gave %d",
			       i, run[i].status);
	}
}

/* 128 ops of all sorts; failed ops do not stop later ops. */
static void mixture(struct tap *tap, u64 mfn)
{
	struct xen_iommu_op *ops = kcalloc(MAX_OPS, sizeof(*ops), GFP_KERNEL);
	static const int want[8] = { 0, -EINVAL, 0, -ENXIO, -EEXIST, 0, -ENOENT,
				     -EINVAL };
	unsigned int i, bad = 0;

	if (!ops)
		return;
	for (i = 0; i < MAX_OPS; i += 8) {
		u64 b = abi_base + i;

		ops[i] = op_map(b, mfn, 1, RW);
		ops[i + 1] = op_map(b + 1, mfn, 1, 0);
		ops[i + 2] = op_bare(XEN_IOMMUOP_usage);
		ops[i + 3] = op_map(b + 1, ~0ULL, 1, RW);
		ops[i + 4] = op_map(b, mfn, 2, RO);
		ops[i + 5] = op_map(b + 1, mfn + 1, 3, RO);
		ops[i + 6] = unmap_op(b + 3, 2);
		ops[i + 7] = op_bare(99);
	}
	tap_is(tap, abi_call(ops, MAX_OPS), 0, "128 ops of all sorts");
	for (i = 0; i < MAX_OPS; i++)
		bad += ops[i].status != want[i % 8];
	tap_is(tap, bad, 0, "... each has its own status");
	/* usage in the middle saw the maps in front. */
	tap_is(tap, ops[2].u.usage.mapped, 1, "... the first usage");
	tap_is(tap, ops[MAX_OPS - 6].u.usage.mapped, 15 * 4 + 1,
	       "... the last usage");
	tap_is(tap, abi_usage().mapped, 64, "64 BFNs are mapped");

	for (bad = 0, i = 0; i < MAX_OPS; i++)
		ops[i] = unmap_op(abi_base + i / 8 * 8 + i % 4, 1);
	tap_is(tap, abi_call(ops, MAX_OPS), 0, "128 unmaps, half of nothing");
	for (i = 0; i < MAX_OPS; i++)
		bad += ops[i].status != (i % 8 < 4 ? 0 : -ENOENT);
	tap_is(tap, bad, 0, "... each has its own status");
	tap_is(tap, abi_usage().mapped, 0, "none is mapped");
	kfree(ops);
}

/* An op whose status depends on the input alone: nothing else is written. */
static void untouched(struct tap *tap, u64 mfn)
{
	struct xen_iommu_op ops[2] = { op_map(abi_base, mfn, 1, RW),
				       unmap_op(abi_base, 1) };
	struct xen_iommu_op was[2];

	memcpy(was, ops, sizeof(was));
	was[0].status = 0;
	was[1].status = 0;
	abi_call(ops, 2);
	tap_ok(tap, !memcmp(was, ops, sizeof(was)),
	       "only the statuses are written");
}

/* The longest runs, over the seams of leaf tables. */
static void runs(struct tap *tap)
{
	u64 first = abi_base + 8 * LEAF, mfn = frames_get(9);
	u64 nr = XEN_IOMMUOP_MAX_FRAMES, leaves = nr / LEAF;
	unsigned int i, bad = 0;

	if (!tap_ok(tap, mfn, "512 frames in a row"))
		return;
	tap_is(tap, do_claim(first, nr + 2 * LEAF), 0, "a claim");
	for (i = 0; i < leaves; i++)
		bad += do_map(first + 100 + i * LEAF, mfn, LEAF, RW) != 0;
	tap_is(tap, bad, 0, "runs of 512 over the seams of leaf tables");
	tap_is(tap, abi_usage().mapped, nr, "... are counted");
	tap_is(tap, do_unmap(first + 100, nr), 0, "unmap of the most at once");
	tap_is(tap, abi_usage().mapped, 0, "... and none is left");
	tap_is(tap, abi_usage().tables, leaves + 1,
	       "... but their leaf tables");
	tap_is(tap, do_release(first, nr + 2 * LEAF), 0, "release");
	tap_is(tap, frames_put(mfn, 9), 0, "the frames go back");
}

void abi_batch(struct tap *tap)
{
	u64 mfn = frames_get(3);

	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	overlaps(tap, mfn);
	mixture(tap, mfn);
	untouched(tap, mfn);
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
	tap_is(tap, frames_put(mfn, 3), 0, "the frames go back");
	runs(tap);
}
