// SPDX-License-Identifier: GPL-2.0-only
/*
 * All CPUs at once, on the same few BFNs: maps, unmaps, deferred unmaps, flushes
 * and now and then a release of the whole claim. No status decides a winner, but
 * only documented statuses may come, and no reference may be lost or dropped twice.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include "abi.h"

#define BFNS	64	/* few, so that threads meet */
#define BATCH	16	/* and the slot of a list, if that is the last op */
#define ROUNDS	3000
#define ORDER	3

struct racer {
	struct completion done;
	struct rnd_state rnd;
	u64 mfn;
	unsigned int nr;
	unsigned int maps, unmaps, odd;
	int odd_status;
};

static struct xen_iommu_op random_op(struct racer *r)
{
	u32 x = prandom_u32_state(&r->rnd);
	u32 len = 1 + x % 8;
	u64 bfn = abi_base + (x >> 8) % (BFNS - 8);
	u64 mfn = r->mfn + (x >> 16) % (9 - len);

	switch ((x >> 24) % 16) {
	case 0 ... 2:
		return op_range(XEN_IOMMUOP_map_list, bfn,
				1 + x % XEN_IOMMUOP_LIST_MFNS,
				x & BIT(31) ? RW : RO);
	case 3 ... 6:
		return op_map(bfn, mfn, len, x & BIT(31) ? RW : RO);
	case 7 ... 11:
		return op_range(XEN_IOMMUOP_unmap, bfn, len, 0);
	case 12 ... 13:
		return op_range(XEN_IOMMUOP_unmap, bfn, len,
				XEN_IOMMUOP_UNMAP_defer);
	case 14:
		return op_range(XEN_IOMMUOP_flush, abi_base, BFNS, 0);
	default:
		return op_bare(XEN_IOMMUOP_usage);
	}
}

/* The slot of a list: any of the frames, also twice. */
static struct xen_iommu_op random_slot(struct racer *r, u32 nr)
{
	u64 mfns[XEN_IOMMUOP_LIST_MFNS] = {};
	struct xen_iommu_op slot;
	unsigned int i;

	for (i = 0; i < nr; i++)
		mfns[i] = r->mfn + prandom_u32_state(&r->rnd) % (1 << ORDER);
	memcpy(&slot, mfns, sizeof(slot));
	return slot;
}

static bool is_map(const struct xen_iommu_op *op)
{
	return op->op == XEN_IOMMUOP_map || op->op == XEN_IOMMUOP_map_list;
}

static bool expected(const struct xen_iommu_op *op)
{
	switch (op->op) {
	case XEN_IOMMUOP_map:
	case XEN_IOMMUOP_map_list:
		return op->status == 0 || op->status == -EEXIST ||
		       op->status == -EBUSY || op->status == -ENOENT;
	case XEN_IOMMUOP_unmap:
	case XEN_IOMMUOP_flush:
		return op->status == 0 || op->status == -ENOENT;
	default:
		return op->status == 0;
	}
}

static void race_once(struct racer *r, struct xen_iommu_op *ops)
{
	unsigned int nr = 0, i;

	while (nr < BATCH) {
		ops[nr] = random_op(r);
		if (ops[nr++].op == XEN_IOMMUOP_map_list) {
			ops[nr] = random_slot(r, ops[nr - 1].u.list.nr);
			nr++;
		}
	}
	if (abi_call(ops, nr))
		r->odd++;
	for (i = 0; i < nr; i++) {
		if (!expected(&ops[i])) {
			r->odd++;
			r->odd_status = ops[i].status;
		}
		r->maps += is_map(&ops[i]) && !ops[i].status;
		r->unmaps += ops[i].op == XEN_IOMMUOP_unmap && !ops[i].status;
		i += ops[i].op == XEN_IOMMUOP_map_list;
	}
}

static int racer(void *data)
{
	struct xen_iommu_op ops[BATCH + 1];
	struct racer *r = data;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		race_once(r, ops);
		/* One thread takes the claim away under the others. */
		if (r->nr == 0 && i % 100 == 99) {
			do_release(abi_base, LEAF);
			do_claim(abi_base, LEAF);
		}
		cond_resched();
	}
	/* The module may be gone before the end of this thread. */
	kthread_complete_and_exit(&r->done, 0);
}

void abi_race(struct tap *tap)
{
	static struct racer racers[4];
	unsigned int nr = min_t(unsigned int, num_online_cpus() * 2, 4), i;
	u64 mfn = frames_get(ORDER);
	struct task_struct *task;

	tap_ok(tap, num_online_cpus() > 1, "more than one CPU");
	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	for (i = 0; i < nr; i++) {
		racers[i] = (struct racer){ .mfn = mfn, .nr = i };
		init_completion(&racers[i].done);
		prandom_seed_state(&racers[i].rnd, 0x1234 + i);
		task = kthread_run(racer, &racers[i], "abi_race/%u", i);
		if (!tap_ok(tap, !IS_ERR(task), "racer %u", i))
			complete(&racers[i].done);
	}
	for (i = 0; i < nr; i++) {
		wait_for_completion(&racers[i].done);
		tap_ok(tap, !racers[i].odd,
		       "racer %u: only documented statuses (%u others, as %d)",
		       i, racers[i].odd, racers[i].odd_status);
		/* The numbers are chance: a thread alone for a while has more. */
		tap_ok(tap, racers[i].maps > ROUNDS / 64 &&
		       racers[i].unmaps > ROUNDS / 64,
		       "racer %u: %u maps and %u unmaps went through", i,
		       racers[i].maps, racers[i].unmaps);
	}
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
	tap_is(tap, frame_pin_l1(mfn, true), 0, "no type reference is left");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, frames_put(mfn, ORDER), 0, "the frames go back");
}
