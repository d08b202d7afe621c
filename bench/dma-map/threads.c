// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs on several CPUs at once, each with buffers of its own. Nothing is
 * timed: the counters of locks, hypercalls and invalidations count. Taken locks
 * are counted in separate runs, because the counting delays a lock's holder, and
 * other CPUs would wait longer.
 */
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include "bench.h"

#define MAX_THREADS	8
#define BURST		64

struct worker {
	struct bench *b;
	unsigned int first;	/* of its buffers */
	unsigned int pairs;
	unsigned int failed;
	struct completion *done;
};

static void burst(struct worker *k)
{
	struct bench *b = k->b;
	unsigned int i, end = k->first + BURST;

	local_bh_disable();
	bench_locks_burst(true);
	for (i = k->first; i < end; i++) {
		b->addr[i] = dma_map_page(b->dev, b->page[i], 0, PAGE_SIZE,
					  DMA_BIDIRECTIONAL);
		if (dma_mapping_error(b->dev, b->addr[i]))
			k->failed++;
		else
			dma_unmap_page(b->dev, b->addr[i], PAGE_SIZE,
				       DMA_BIDIRECTIONAL);
	}
	bench_locks_burst(false);
	local_bh_enable();
}

static int work(void *arg)
{
	struct worker *k = arg;
	unsigned int n;

	for (n = 0; n < k->pairs; n += BURST) {
		burst(k);
		cond_resched();
	}
	kthread_complete_and_exit(k->done, 0);
}

static void run(struct bench *b, const struct bench_work *w,
		struct seq_file *m, enum bench_locks what, const char *name)
{
	struct worker workers[MAX_THREADS] = {};
	struct task_struct *task[MAX_THREADS];
	DECLARE_COMPLETION_ONSTACK(done);
	unsigned int i, nr = min(w->size, num_online_cpus()), started = 0;

	if (nr < w->size)
		return;
	if (bench_locks_start(what)) {
		b->failed++;
		return;
	}
	bench_buffers(b, 1, w->count);
	for (i = 0; i < nr; i++) {
		workers[i] = (struct worker){
			.b = b,
			.first = i * BURST,
			.pairs = bench_pairs,
			.done = &done,
		};
		task[i] = kthread_create_on_cpu(work, &workers[i], i,
						"dma_bench/%u");
	}
	bench_mark(b, true);
	for (i = 0; i < nr; i++) {
		if (IS_ERR(task[i])) {
			b->failed++;
			continue;
		}
		wake_up_process(task[i]);
		started++;
	}
	for (i = 0; i < started; i++)
		wait_for_completion(&done);
	bench_mark(b, false);
	for (i = 0; i < nr; i++)
		b->failed += workers[i].failed;
	seq_printf(m, "pairs %u\n%s %lu\n", started * bench_pairs, name,
		   bench_locks_sum(what));
}

void bench_threads(struct bench *b, const struct bench_work *w,
		   struct seq_file *m)
{
	run(b, w, m, BENCH_LOCK_WAITS, "lock_waits");
}

void bench_thread_locks(struct bench *b, const struct bench_work *w,
			struct seq_file *m)
{
	run(b, w, m, BENCH_LOCKS, "locks");
}
