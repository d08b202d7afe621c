// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time with interrupts off. Under the instruction clock a nanosecond is an
 * instruction, of the kernel or of Xen. A timer that fires all the time measures its
 * delay.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include "dma_test.h"
#include "../compat.h"

/* Instructions from look to look; no multiple of anything. */
#define PERIOD		40009

static unsigned int bound = 200000;
module_param(bound, uint, 0444);
MODULE_PARM_DESC(bound, "most instructions with interrupts off");

static struct watch {
	struct hrtimer timer;
	ktime_t due;
	u64 worst;
	unsigned int looks;
} watch;

static enum hrtimer_restart look(struct hrtimer *timer)
{
	ktime_t now = ktime_get();

	watch.worst = max_t(u64, watch.worst, ktime_sub(now, watch.due));
	watch.looks++;
	watch.due = ktime_add_ns(now, PERIOD);
	hrtimer_set_expires(timer, watch.due);

	return HRTIMER_RESTART;
}

static void watch_start(void)
{
	hrtimer_setup(&watch.timer, look, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_HARD);
	watch.worst = 0;
	watch.looks = 0;
	watch.due = ktime_add_ns(ktime_get(), PERIOD);
	hrtimer_start(&watch.timer, watch.due, HRTIMER_MODE_ABS_HARD);
}

/* After a while: late timers have fired then. */
static u64 watch_stop(void)
{
	mdelay(1);
	hrtimer_cancel(&watch.timer);

	return watch.worst;
}

static void verdict_of(struct dma_test *t, const char *what, u64 most)
{
	u64 worst = watch_stop();

	seq_printf(t->tap->m, "# %s: %llu instructions at most, %u looks\n", what,
		   worst, watch.looks);
	check(t, watch.looks > 5 && worst <= most,
	      "%s: interrupts are off for at most %llu instructions", what,
	      most);
}

static void verdict(struct dma_test *t, const char *what)
{
	verdict_of(t, what, bound);
}

/* The measure itself: a delay is seen, and no delay is not. */
static void control(struct dma_test *t)
{
	unsigned long flags;
	u64 worst;

	watch_start();
	mdelay(5);
	verdict(t, "no mapping");
	watch_start();
	mdelay(1);
	local_irq_save(flags);
	ndelay(bound);
	udelay(bound / 1000);
	local_irq_restore(flags);
	worst = watch_stop();
	check(t, worst > bound, "a longer stretch is seen: %llu", worst);
}

static void watched_list(struct dma_test *t, unsigned int order, u64 bytes,
			 const char *what)
{
	struct pool *pool = pool_get(order, order ? 8 : 4096);
	struct sg_table table;
	int err;

	if (!check(t, pool, "%s: memory", what))
		return;
	if (!pool_list(pool, &table, bytes)) {
		watch_start();
		err = dma_map_sgtable(t->dev, &table, DMA_BIDIRECTIONAL, 0);
		verdict(t, what);
		if (check(t, !err, "%s: is mapped", what)) {
			watch_start();
			dma_unmap_sgtable(t->dev, &table, DMA_BIDIRECTIONAL, 0);
			verdict(t, "and its unmap");
		}
		sg_free_table(&table);
	}
	pool_put(pool);
}

/* Any memory in one piece: the device may read the memory. */
static void watched_buffer(struct dma_test *t, size_t size)
{
	struct page *page = pfn_to_page(PHYS_PFN(SZ_64M));
	dma_addr_t addr;

	watch_start();
	addr = dma_map_page(t->dev, page, 0, size, DMA_TO_DEVICE);
	verdict(t, "a buffer");
	if (check(t, !dma_mapping_error(t->dev, addr), "of %zu MiB is mapped",
		  size >> 20)) {
		watch_start();
		dma_unmap_page(t->dev, addr, size, DMA_TO_DEVICE);
		verdict(t, "and its unmap");
	}
}

/* Linux' own instructions to free pages, without the module. */
static u64 watched_vfree(struct dma_test *t, size_t size)
{
	void *at = vzalloc(size);
	u64 worst;

	watch_start();
	vfree(at);
	worst = watch_stop();
	seq_printf(t->tap->m, "# vfree: %llu instructions at most\n", worst);

	return worst;
}

static void watched_memory(struct dma_test *t, size_t size)
{
	u64 most = max_t(u64, bound, watched_vfree(t, size) * 5 / 4);
	dma_addr_t addr;
	void *at;

	watch_start();
	at = dma_alloc_coherent(t->dev, size, &addr, GFP_KERNEL);
	verdict(t, "coherent memory");
	if (check(t, at, "%zu MiB of it", size >> 20)) {
		watch_start();
		dma_free_coherent(t->dev, size, at, addr);
		verdict_of(t, "and its end", most);
	}
}

/* Buffers of 16 pages: many wait or idle, and then leave together. */
static void watched_crowd(struct dma_test *t)
{
	struct pool *pool = pool_get(4, 600);
	dma_addr_t addr;
	unsigned int i;

	if (!check(t, pool, "memory for many buffers"))
		return;
	watch_start();
	for (i = 0; i < pool->nr; i++) {
		addr = dma_map_page(t->dev, pool->block[i], 0, SZ_64K,
				    DMA_BIDIRECTIONAL);
		if (!dma_mapping_error(t->dev, addr))
			dma_unmap_page(t->dev, addr, SZ_64K,
				       DMA_BIDIRECTIONAL);
	}
	/* Longer than anything waits or idles. */
	msleep(60);
	verdict(t, "buffers of 16 pages that come and go");
	pool_put(pool);
}

void group_irqs(struct tap *tap)
{
	struct dma_test *t = tap->subject;

	control(t);
	watched_list(t, 0, SZ_4M, "a list of 4 MiB in pages");
	watched_list(t, 0, 400 * (u64)SZ_1M, "a list of 400 MiB in pages");
	watched_list(t, 10, 400 * (u64)SZ_1M, "a list of 400 MiB in blocks");
	watched_buffer(t, 255 * (size_t)SZ_1M);
	watched_memory(t, SZ_64M);
	watched_crowd(t);
}
