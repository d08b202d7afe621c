// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reserve of leaf tables (table.c): a chunk gets its table ahead, by a map and an
 * unmap of one page, in process context. While Xen has no memory for a table, the
 * reserve asks again from time to time.
 *
 * Xen also keeps some memory for each vCPU with a call, and so each CPU calls once
 * when it comes.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/cpuhotplug.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "map.h"
#include "reserve.h"

/* While Xen is short of memory. */
#define TRY_EVERY	(HZ / 5)

static void reserve_fill(struct work_struct *unused);
static DECLARE_DELAYED_WORK(reserve_work, reserve_fill);

static struct pviommu_window *const windows[] = {
	&pviommu_high, &pviommu_low
};

/* A page that nothing else uses is behind each chunk for a moment. */
static struct page *scratch;
static enum cpuhp_state cpu_state;

/* The state of the chunk's BFN is unknown: the chunk stays borrowed for ever. */
static bool reserve_lose(void)
{
	pviommu_count(PVIOMMU_LEAKED, BFN_CHUNK_SIZE);

	return true;
}

/* Return: whether to go on. */
static bool give_table(struct pviommu_window *w)
{
	u64 bfn = bfn_table_borrow(&w->bfns);
	struct pviommu_outcome outcome;
	int err;

	if (bfn == BFN_NONE)
		return false;
	err = pviommu_map_at(bfn, page_to_phys(scratch), 1,
			     XEN_IOMMUOP_MAP_read, &outcome);
	if (outcome.unclean)
		return reserve_lose();
	if (!err) {
		pviommu_count(PVIOMMU_PAGES_MAPPED, 1);
		if (pviommu_unmap_at(bfn, 1))
			return reserve_lose();
		pviommu_count(PVIOMMU_PAGES_UNMAPPED, 1);
	}
	bfn_table_return(&w->bfns, bfn, !err);

	return !err;
}

/* Give as many chunks their tables as are wanted; later, if Xen has no memory now. */
static void reserve_fill(struct work_struct *unused)
{
	bool starved = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		if (!windows[i]->last)
			continue;
		while (give_table(windows[i]))
			cond_resched();
		starved |= READ_ONCE(windows[i]->bfns.starved);
	}
	if (starved)
		schedule_delayed_work(&reserve_work, TRY_EVERY);
}

/* From any context: chunks were taken. */
static void reserve_ask(void)
{
	schedule_delayed_work(&reserve_work, 0);
}

static int call_once(unsigned int cpu)
{
	struct xen_iommu_op op = { .op = XEN_IOMMUOP_query };

	pviommu_hypercall_op(&op);

	return 0;
}

/**
 * pviommu_reserve_init - make the reserve
 *
 * Without memory there is none yet, which is no error.
 *
 * Return: 0 or a negative errno.
 */
int pviommu_reserve_init(void)
{
	unsigned int i;
	int state;

	scratch = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!scratch)
		return -ENOMEM;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "xen/pviommu:online",
				  call_once, NULL);
	if (state < 0) {
		__free_page(scratch);
		return state;
	}
	cpu_state = state;
	for (i = 0; i < ARRAY_SIZE(windows); i++)
		windows[i]->bfns.ask_tables = reserve_ask;
	reserve_fill(NULL);

	return 0;
}

/* No device has our ops any more: nobody asks. */
void pviommu_reserve_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++)
		windows[i]->bfns.ask_tables = NULL;
	cancel_delayed_work_sync(&reserve_work);
	cpuhp_remove_state_nocalls(cpu_state);
	__free_page(scratch);
}
