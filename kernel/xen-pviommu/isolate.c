// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation: while the host map stands a device reaches all RAM of the host at its
 * machine address, beside the module's maps. Only without the host map is a device
 * held to its driver's maps. The host map can go once no device needs the map.
 *
 * Xen drops and restores the host map a piece at a time. Either can stop half way for
 * want of memory. The host map then has holes: the map protects nothing, and no
 * machine address is given to a device, until a second try succeeds.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/sched.h>

#include "device.h"
#include "iommu.h"
#include "isolate.h"
#include "probe.h"
#include "xencall.h"

const char *const pviommu_host_map_names[PVIOMMU_HOST_MAPS] = {
	[PVIOMMU_HOST_WHOLE] = "whole",
	[PVIOMMU_HOST_HOLED] = "holed",
	[PVIOMMU_HOST_DROPPED] = "dropped",
};

/* Serialises changes of pviommu_host_map. */
static DEFINE_MUTEX(isolate_lock);

/* Tries of an op that stops for want of memory or of a flush. */
#define MAX_TRIES	3

/*
 * The next piece. Return: 0, all is done; -EAGAIN, call again; or
 * a lasting error.
 */
static int next_piece(unsigned int opcode, int *failures)
{
	struct xen_iommu_op op = { .op = opcode };
	int err = pviommu_hypercall_op(&op);

	if ((err == -ENOMEM || err == -EIO) && ++*failures < MAX_TRIES)
		return -EAGAIN;

	return err;
}

/*
 * All pieces. Meanwhile the host map has holes. An op that was refused at once has
 * changed nothing.
 */
static int isolate_change(unsigned int opcode, enum pviommu_host_map goal)
{
	enum pviommu_host_map before = pviommu_host_map;
	int failures = 0, pieces = 0, err;

	WRITE_ONCE(pviommu_host_map, PVIOMMU_HOST_HOLED);
	do {
		err = next_piece(opcode, &failures);
		pieces++;
		cond_resched();
	} while (err == -EAGAIN);
	if (!err)
		WRITE_ONCE(pviommu_host_map, goal);
	else if (pieces == 1 && !failures)
		WRITE_ONCE(pviommu_host_map, before);

	return err;
}

static int isolate_restore(void)
{
	int err = isolate_change(XEN_IOMMUOP_restore_host_map, PVIOMMU_HOST_WHOLE);

	if (!err) {
		pr_info("host map restored\n");
		pviommu_domains_exposed();
		return 0;
	}
	pr_err("the host map can't be restored: error %d\n", err);
	if (pviommu_host_map == PVIOMMU_HOST_HOLED)
		pr_err("the host map has holes: xen-swiotlb's mappings are refused. Write 0 or 1 to isolate to try again\n");

	return err;
}

/* Does a device need the host map? One log line names the first. */
static int check_devices(void)
{
	struct device *dev = pviommu_devices_find_base();

	if (!dev)
		return 0;
	pr_notice("isolate refused: %s needs the host map\n", dev_name(dev));
	put_device(dev);

	return -EBUSY;
}

static int isolate_drop(void)
{
	enum pviommu_host_map before = pviommu_host_map;
	int err;

	/* The first look spares devices in need of the map the errors of a try. */
	err = check_devices();
	if (err)
		return err;

	WRITE_ONCE(pviommu_host_map, PVIOMMU_HOST_HOLED);
	/*
	 * Pairs with the barrier in base.c: the second look sees each device that
	 * does not see the change yet.
	 */
	smp_mb();
	err = check_devices();
	if (err) {
		WRITE_ONCE(pviommu_host_map, before);
		return err;
	}
	err = isolate_change(XEN_IOMMUOP_drop_host_map, PVIOMMU_HOST_DROPPED);
	if (!err) {
		pr_info("host map dropped: devices reach what is mapped for them, and nothing else\n");
		return 0;
	}
	pr_err("the host map can't be dropped: error %d\n", err);
	isolate_restore();

	return err;
}

/**
 * pviommu_isolate - drop the host map, or restore it
 * @on: whether to drop the map
 *
 * Context: process.
 * Return: 0, also without a change. -EBUSY if a device needs the host map, or a
 * process has addresses in its place. -ENOMEM or -EIO if Xen stopped:
 * pviommu_host_map has the state.
 */
int pviommu_isolate(bool on)
{
	int err = 0;

	mutex_lock(&isolate_lock);
	if (on && pviommu_host_map != PVIOMMU_HOST_DROPPED)
		err = isolate_drop();
	else if (!on && pviommu_host_map != PVIOMMU_HOST_WHOLE)
		err = isolate_restore();
	mutex_unlock(&isolate_lock);

	return err;
}

/* The next kernel, by kexec perhaps, expects the host map. */
static int isolate_reboot(struct notifier_block *nb, unsigned long event, void *unused)
{
	pviommu_isolate(false);

	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = isolate_reboot,
};

/*
 * A crash kernel, too, unless the kernel has an IOMMU driver: Xen leaves its tables in
 * force at the start (without iommu=crash-disable). No other CPU runs, and one of them
 * may have had the lock: nothing here waits. Xen's own locks are free, because Xen
 * finishes its work. The number of pieces is a bound.
 */
static int isolate_panicked(struct notifier_block *nb, unsigned long event,
			    void *unused)
{
	u64 pieces = pviommu_xen.max_ram / XEN_IOMMUOP_LEAST_PIECE + 1;
	u64 goes = pieces + MAX_TRIES;
	int failures = 0, err = -EAGAIN;

	if (pviommu_host_map_stands())
		return NOTIFY_DONE;
	WRITE_ONCE(pviommu_host_map, PVIOMMU_HOST_HOLED);
	while (err == -EAGAIN && goes--)
		err = next_piece(XEN_IOMMUOP_restore_host_map, &failures);
	if (err) {
		pr_emerg("the host map can't be restored (error %d): a crash kernel needs an IOMMU driver\n",
			 err);
		return NOTIFY_DONE;
	}
	WRITE_ONCE(pviommu_host_map, PVIOMMU_HOST_WHOLE);
	pr_emerg("host map restored\n");

	return NOTIFY_DONE;
}

/* Xen's own notifier is the last of the chain, and may stop the machine at once. */
static struct notifier_block panic_notifier = {
	.notifier_call = isolate_panicked,
};

/* An earlier module that could not tidy up may have left the map dropped. */
static void find_host_map(void)
{
	if (pviommu_xen.host_map)
		return;
	pr_notice("found the host map dropped: restoring it\n");
	pviommu_host_map = PVIOMMU_HOST_HOLED;
	pviommu_isolate(false);
}

int pviommu_isolate_init(void)
{
	int err = register_reboot_notifier(&reboot_notifier);

	if (err)
		return err;
	atomic_notifier_chain_register(&panic_notifier_list, &panic_notifier);
	find_host_map();

	return 0;
}

void pviommu_isolate_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_notifier);
	unregister_reboot_notifier(&reboot_notifier);
	pviommu_isolate(false);
}
