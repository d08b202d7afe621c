// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch with an interruption between any two of its ops.
 *
 * A timer fires while a batch of long ops runs. Xen stops behind the op in hand, and
 * finished ops are final. The timer's handler, which runs before the batch goes on,
 * counts the written statuses. The time is swept, so that every index is hit. Under
 * QEMU's instruction clock the sweep is the same in each run; elsewhere the sweep is
 * as good as the clock.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "abi.h"
#include "../compat.h"

#define RUN		64	/* frames an op */
#define RUN_ORDER	6
/* Ops that fail at once are too short for a hit: the next index is theirs. */
#define BAD_EVERY	16
/*
 * Xen fires no timer earlier than its slop of 50 us, and the event takes its time to
 * dom0. Timers are set that long before the batch, and the sweep starts before the
 * batch does.
 */
#define AHEAD_NS	300000
#define EARLY_NS	100000
#define STEPS		3000

struct trial {
	struct hrtimer timer;
	struct xen_iommu_op *ops;
	int seen;	/* finished ops when the timer fired; or -1 */
	bool running;
};

static bool is_bad(unsigned int i)
{
	return i % BAD_EVERY == BAD_EVERY - 1;
}

static enum hrtimer_restart fire(struct hrtimer *timer)
{
	struct trial *t = container_of(timer, struct trial, timer);
	unsigned int i;

	if (!READ_ONCE(t->running))
		return HRTIMER_NORESTART;
	for (i = 0; i < MAX_OPS; i++)
		if (READ_ONCE(t->ops[i].status) == UNTOUCHED)
			break;
	t->seen = i;
	/* All ops behind the first untouched op must be untouched as well. */
	for (; i < MAX_OPS; i++)
		if (READ_ONCE(t->ops[i].status) != UNTOUCHED)
			t->seen = -2;
	return HRTIMER_NORESTART;
}

/* Run the batch, with the timer DELAY ns after its start. Returns its time. */
static s64 interrupted(struct trial *t, s64 delay, long *rc)
{
	ktime_t start = ktime_add_ns(ktime_get(), AHEAD_NS), end;

	t->seen = -1;
	hrtimer_start(&t->timer, ktime_add_ns(start, delay),
		      HRTIMER_MODE_ABS_PINNED_HARD);
	while (ktime_before(ktime_get(), start))
		cpu_relax();
	WRITE_ONCE(t->running, true);
	*rc = abi_call(t->ops, MAX_OPS);
	WRITE_ONCE(t->running, false);
	end = ktime_get();
	hrtimer_cancel(&t->timer);
	return ktime_to_ns(ktime_sub(end, start));
}

static void make_maps(struct xen_iommu_op *ops, u64 mfn)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		ops[i] = op_map(abi_base + i * RUN, mfn, RUN,
				is_bad(i) ? 0 : RW);
}

/* The BFNs of the failed maps are not mapped, so their unmaps fail as well. */
static void make_unmaps(struct xen_iommu_op *ops, u64 mfn)
{
	unsigned int i;

	for (i = 0; i < MAX_OPS; i++)
		ops[i] = op_range(XEN_IOMMUOP_unmap, abi_base + i * RUN, RUN, 0);
}

struct sweep {
	const char *name;
	void (*make)(struct xen_iommu_op *ops, u64 mfn);
	int bad_status;
	unsigned int mapped;	/* mapped BFNs behind the batch */
	unsigned int wrong, torn;
	s64 time;
	DECLARE_BITMAP(hit, MAX_OPS + 1);
};

static void try_at(struct trial *t, struct sweep *s, u64 mfn, s64 delay)
{
	unsigned int i;
	long rc;
	s64 time;

	s->make(t->ops, mfn);
	time = interrupted(t, delay, &rc);
	s->time = max(s->time, time);
	s->wrong += rc != 0;
	for (i = 0; i < MAX_OPS; i++)
		s->wrong += t->ops[i].status != (is_bad(i) ? s->bad_status : 0);
	s->wrong += abi_usage().mapped != s->mapped;
	s->torn += t->seen == -2;
	if (t->seen >= 0)
		__set_bit(t->seen, s->hit);
}

static void judge(struct tap *tap, const struct sweep *s)
{
	unsigned int i, missed = 0;

	for (i = 1; i < MAX_OPS; i++) {
		if (test_bit(i, s->hit))
			continue;
		/* Between a long op and a short op, and behind the short op. */
		missed += !is_bad(i) && !is_bad(i - 1);
		seq_printf(tap->m, "# %s: index %u was not hit%s\n", s->name, i,
			   is_bad(i) || is_bad(i - 1) ? " (a short op)" : "");
	}
	seq_printf(tap->m, "# %s: the longest batch took %lld ns\n", s->name,
		   s->time);
	tap_is(tap, missed, 0, "%s: interrupted at every index", s->name);
	tap_ok(tap, bitmap_weight(s->hit, MAX_OPS) >= MAX_OPS - 8,
	       "%s: interrupted at %u indexes", s->name,
	       bitmap_weight(s->hit, MAX_OPS));
	tap_is(tap, s->torn, 0, "%s: finished ops are in order", s->name);
	tap_is(tap, s->wrong, 0, "%s: every status is right each time",
	       s->name);
}

void abi_interrupt(struct tap *tap)
{
	static struct sweep maps, unmaps;
	u64 mfn = frames_get(RUN_ORDER);
	struct trial *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int good = MAX_OPS - MAX_OPS / BAD_EVERY, i;
	s64 length;

	maps = (struct sweep){ "maps", make_maps, -EINVAL, good * RUN };
	unmaps = (struct sweep){ "unmaps", make_unmaps, -ENOENT, 0 };
	t->ops = (void *)get_zeroed_page(GFP_KERNEL);
	hrtimer_setup(&t->timer, fire, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_PINNED_HARD);

	tap_is(tap, do_claim(abi_base, MAX_OPS * RUN), 0, "a claim");
	/* Twice without a timer inside, for the length of a batch. */
	for (i = 0; i < 2; i++) {
		maps.time = 0;
		unmaps.time = 0;
		try_at(t, &maps, mfn, 100 * NSEC_PER_MSEC);
		try_at(t, &unmaps, mfn, 100 * NSEC_PER_MSEC);
	}
	length = max(maps.time, unmaps.time) + 2 * EARLY_NS;
	for (i = 0; i < STEPS; i++) {
		try_at(t, &maps, mfn, length * i / STEPS - EARLY_NS);
		try_at(t, &unmaps, mfn, length * i / STEPS - EARLY_NS);
		cond_resched();
	}
	judge(tap, &maps);
	judge(tap, &unmaps);
	tap_is(tap, do_release(abi_base, MAX_OPS * RUN), 0, "release");
	tap_is(tap, frames_put(mfn, RUN_ORDER), 0, "the frames go back");
	free_page((unsigned long)t->ops);
	kfree(t);
}
