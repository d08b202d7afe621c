/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma_bench: the price of DMA mapping. Each file of debugfs is one measurement:
 * a read of the file runs the measurement and gives totals, one "name value" a
 * line. The reader divides by the number of pairs.
 */
#ifndef DMA_BENCH_H
#define DMA_BENCH_H

#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>

/* Buffers come in blocks, contiguous for the kernel, of the largest size. */
#define BLOCK_ORDER	6
#define BLOCK_PAGES	BIT(BLOCK_ORDER)
#define BLOCKS		320
#define PAGES		(BLOCKS * BLOCK_PAGES)

struct bench {
	struct device *dev;
	struct page *block[BLOCKS];
	struct page **page;	/* PAGES: first pages of the buffers in use */
	dma_addr_t *addr;	/* PAGES: where they are mapped */
	unsigned int failed;	/* failed maps */
	u8 serial;		/* of the run, for the mark */
};

struct bench_work {
	const char *name;	/* of the file */
	void (*run)(struct bench *b, const struct bench_work *w,
		    struct seq_file *m);
	unsigned int size;	/* pages a buffer, entries a list, CPUs */
	unsigned int count;	/* buffers in turn */
};

extern unsigned int bench_pairs;

/* main.c */
void bench_buffers(struct bench *b, unsigned int size, unsigned int count);
struct page *bench_scattered(struct bench *b, unsigned int i);
void bench_mark(struct bench *b, bool on);

/*
 * A timed section. A section with a timer interrupt does not count: the
 * interrupt is not measured, and would differ from run to run.
 */
struct bench_clock {
	u64 ns;			/* of the counted sections */
	unsigned int n;		/* pairs in them */
	u64 start;
	unsigned long jiffies;
};

static inline void bench_start(struct bench_clock *c)
{
	c->jiffies = READ_ONCE(jiffies);
	c->start = ktime_get_ns();
}

static inline void bench_stop(struct bench_clock *c, unsigned int n)
{
	u64 end = ktime_get_ns();

	if (READ_ONCE(jiffies) != c->jiffies)
		return;
	c->ns += end - c->start;
	c->n += n;
}

static inline void bench_show(struct seq_file *m, const char *name,
			      const struct bench_clock *c)
{
	seq_printf(m, "%s_ns %llu\n%s_n %u\n", name, c->ns, name, c->n);
}

/* pairs.c */
void bench_pair(struct bench *b, const struct bench_work *w,
		struct seq_file *m);
void bench_apart(struct bench *b, const struct bench_work *w,
		 struct seq_file *m);
void bench_ring(struct bench *b, const struct bench_work *w,
		struct seq_file *m);

/* sg.c */
void bench_sg(struct bench *b, const struct bench_work *w, struct seq_file *m);

/* ops.c */
void bench_ops(struct bench *b, const struct bench_work *w, struct seq_file *m);

/* threads.c */
void bench_threads(struct bench *b, const struct bench_work *w,
		   struct seq_file *m);
void bench_thread_locks(struct bench *b, const struct bench_work *w,
			struct seq_file *m);

/* locks.c */
enum bench_locks {
	BENCH_LOCKS,		/* taken, or tried */
	BENCH_LOCK_WAITS,	/* found taken by another */
};

int bench_locks_start(enum bench_locks what);
unsigned long bench_locks_sum(enum bench_locks what);
void bench_locks_burst(bool enter);
void bench_locks_exit(void);

#endif /* DMA_BENCH_H */
