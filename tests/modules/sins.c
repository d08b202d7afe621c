// SPDX-License-Identifier: GPL-2.0-only
/*
 * sins: a bug of each kind that a debug kernel finds. On such a kernel all but
 * read_freed_page do no harm. The parameter `commit` takes the name of a bug.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kfence.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include "order.h"

/*
 * A parameter hides the address from the compiler. Just behind the end is
 * an address that may be taken.
 */
static int behind = 65;
module_param(behind, int, 0444);
MODULE_PARM_DESC(behind, "the used byte of a buffer of 64");

static void beyond_array(void)
{
	static const u8 table[64];

	(void)READ_ONCE(table[behind]);
}

static void beyond_object(void)
{
	u8 *at = kmalloc(64, GFP_KERNEL);

	if (!at)
		return;
	at[behind] = 1;
	kfree(at);
}

static void free_twice(void)
{
	u8 *at = kmalloc(64, GFP_KERNEL);
	u8 *same = at;

	OPTIMIZER_HIDE_VAR(same);
	kfree(at);
	kfree(same);
}

/* KFENCE takes an allocation every now and then. */
static void read_freed_object(void)
{
	unsigned long end = jiffies + 5 * HZ;
	bool guarded = false;
	u8 *at, *same;

	while (!guarded && time_before(jiffies, end)) {
		at = kzalloc(64, GFP_KERNEL);
		same = at;
		guarded = is_kfence_address(at);
		OPTIMIZER_HIDE_VAR(same);
		kfree(at);
		if (guarded)
			(void)READ_ONCE(*same);
	}
}

/* The end of the caller. */
static void read_freed_page(void)
{
	unsigned long at = __get_free_page(GFP_KERNEL);

	free_page(at);
	(void)READ_ONCE(*(u8 *)at);
}

/* Several: the address of the newest may still be somewhere on the stack. */
static void leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		if (!kmalloc(200, GFP_KERNEL))
			break;
}

static void delete_twice(void)
{
	struct list_head entry;
	LIST_HEAD(list);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static void nothing(struct timer_list *timer)
{
}

static void free_active_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + HZ * 3600);
	kfree(timer);
}

static DEFINE_SPINLOCK(spin);

static void sleep_under_lock(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
}

static int __rcu *shared;

static void rcu_without_lock(void)
{
	(void)rcu_dereference(shared);
}

static void unchecked_map(void)
{
	struct pci_dev *disk = pci_get_class(PCI_CLASS_STORAGE_EXPRESS, NULL);
	void *page = (void *)__get_free_page(GFP_KERNEL);
	dma_addr_t addr;

	if (disk && page) {
		addr = dma_map_single(&disk->dev, page, 64, DMA_TO_DEVICE);
		dma_unmap_single(&disk->dev, addr, 64, DMA_TO_DEVICE);
	}
	free_page((unsigned long)page);
	pci_dev_put(disk);
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void lock_both_ways(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static const struct sin {
	const char *name;
	void (*commit)(void);
} sins[] = {
	{ "beyond_array", beyond_array },
	{ "beyond_object", beyond_object },
	{ "free_twice", free_twice },
	{ "read_freed_object", read_freed_object },
	{ "read_freed_page", read_freed_page },
	{ "leak", leak },
	{ "delete_twice", delete_twice },
	{ "free_active_timer", free_active_timer },
	{ "sleep_under_lock", sleep_under_lock },
	{ "rcu_without_lock", rcu_without_lock },
	{ "unchecked_map", unchecked_map },
	{ "lock_both_ways", lock_both_ways },
};

static int commit_order(const char *name, const struct kernel_param *kp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sins); i++) {
		if (!sysfs_streq(name, sins[i].name))
			continue;
		sins[i].commit();
		return 0;
	}

	return -EINVAL;
}

ORDER(commit);
MODULE_PARM_DESC(commit, "the name of a sin");

static int __init sins_init(void)
{
	return 0;
}

static void __exit sins_exit(void)
{
}

module_init(sins_init);
module_exit(sins_exit);

MODULE_DESCRIPTION("Planted bugs, for a debug kernel to find");
MODULE_LICENSE("GPL");
