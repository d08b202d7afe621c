// SPDX-License-Identifier: GPL-2.0-only
/*
 * The number of locks that are taken and waited for, in bursts of pairs. Debian's
 * kernel keeps no statistics of locks, but ftrace can call the benchmark from the
 * functions that take locks, in the same binary.
 */
#include <linux/bottom_half.h>
#include <linux/ftrace.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include "bench.h"

struct lock_counter {
	struct ftrace_ops ops;
	const char *functions[4];	/* globs */
	unsigned long __percpu *calls;
	bool registered;
};

static DEFINE_PER_CPU(bool, in_burst);
static DEFINE_PER_CPU(unsigned long, takings);
static DEFINE_PER_CPU(unsigned long, waits);

/* Bottom halves are off in a burst; only interrupts are left to tell apart. */
static void notrace count(unsigned long ip, unsigned long parent,
			  struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	const struct lock_counter *c = ops->private;

	if (__this_cpu_read(in_burst) && !in_hardirq())
		__this_cpu_inc(*c->calls);
}

/*
 * The fast path of a spinlock is in the function that takes the lock. A taken lock
 * leads to the slow path; the tracepoint of contention is in only some of the ways
 * through the slow path.
 */
static struct lock_counter counters[] = {
	[BENCH_LOCKS] = {
		.functions = { "_raw_spin_lock*", "_raw_spin_trylock*",
			       "_raw_read_lock*", "_raw_write_lock*" },
		.calls = &takings,
	},
	[BENCH_LOCK_WAITS] = {
		.functions = { "*queued_spin_lock_slowpath",
			       "queued_read_lock_slowpath",
			       "queued_write_lock_slowpath" },
		.calls = &waits,
	},
};

static int attach(struct lock_counter *c)
{
	unsigned int i;
	int rc = 0;

	c->ops.func = count;
	c->ops.private = c;
	for (i = 0; i < ARRAY_SIZE(c->functions) && c->functions[i]; i++) {
		/* The stack is cut up there. */
		char glob[32];

		strscpy(glob, c->functions[i], sizeof(glob));
		rc = ftrace_set_filter(&c->ops, glob, strlen(glob), 0);
		if (rc)
			break;
	}
	return rc ?: register_ftrace_function(&c->ops);
}

/* A count of none is worth something only if a lock would have been seen. */
static int self_test(void)
{
	static DEFINE_SPINLOCK(lock);
	unsigned long before, after;

	local_bh_disable();
	before = bench_locks_sum(BENCH_LOCKS);
	bench_locks_burst(true);
	spin_lock(&lock);
	spin_unlock(&lock);
	bench_locks_burst(false);
	after = bench_locks_sum(BENCH_LOCKS);
	local_bh_enable();
	return after - before == 1 ? 0 : -ENXIO;
}

/**
 * bench_locks_start - count from now on
 * @what: the calls to count
 *
 * The filter stays until the module goes: each patching of functions in constant
 * use by all CPUs is a risk in an emulator.
 *
 * Return: 0, an error of ftrace, or -ENXIO for a wrong count.
 */
int bench_locks_start(enum bench_locks what)
{
	struct lock_counter *c = &counters[what];
	int rc = 0, cpu;

	if (!c->registered) {
		rc = attach(c);
		c->registered = !rc;
	}
	if (!rc && what == BENCH_LOCKS)
		rc = self_test();
	for_each_possible_cpu(cpu)
		WRITE_ONCE(*per_cpu_ptr(c->calls, cpu), 0);
	return rc;
}

/* The calls in bursts of all CPUs, since the start. */
unsigned long bench_locks_sum(enum bench_locks what)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(counters[what].calls, cpu);
	return sum;
}

/* This CPU enters or leaves a burst; bottom halves are off. */
void bench_locks_burst(bool enter)
{
	__this_cpu_write(in_burst, enter);
}

void bench_locks_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (counters[i].registered)
			unregister_ftrace_function(&counters[i].ops);
		ftrace_free_filter(&counters[i].ops);
	}
}
