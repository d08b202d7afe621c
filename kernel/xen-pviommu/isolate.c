// SPDX-License-Identifier: GPL-2.0
/*
 * Isolation: while the host map stands a device reaches all RAM of the host at
 * its machine address, whatever we map and unmap. Only without it is a device
 * held to what its driver mapped. It can go once no device needs it.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "device.h"
#include "iommu.h"
#include "isolate.h"
#include "static.h"
#include "xencall.h"

bool pviommu_isolated __read_mostly;

/* Serialises changes of pviommu_isolated, and of the host map with it. */
static DEFINE_MUTEX(isolate_lock);

/*
 * Both ops do a piece at a time, and may stop half way for want of memory: then
 * they get a few more goes.
 */
static int host_map_op(unsigned int what)
{
	int failures = 0, err;

	do {
		struct xen_iommu_op op = { .op = what };

		err = pviommu_hypercall_one(&op);
		if (err == -ENOMEM || err == -EIO)
			failures++;
		else if (err != -EAGAIN)
			break;
		cond_resched();
	} while (failures < 3);

	return err;
}

int pviommu_restore_host_map(void)
{
	int err = host_map_op(XEN_IOMMUOP_restore_host_map);

	if (err)
		pr_err("the host map can't be restored: error %d\n", err);

	return err;
}

/* Is there a device that needs the host map? One log line names the first. */
static int check_devices(void)
{
	struct device *dev;

	if (pviommu_static.last) {
		pr_notice("isolate refused: the static map needs the host map\n");
		return -EBUSY;
	}
	dev = pviommu_devices_find_base();
	if (!dev)
		return 0;
	pr_notice("isolate refused: %s needs the host map\n", dev_name(dev));
	put_device(dev);

	return -EBUSY;
}

static int drop(void)
{
	int err;

	/* The first look spares devices that need it the errors of a try. */
	err = check_devices();
	if (err)
		return err;

	WRITE_ONCE(pviommu_isolated, true);
	/*
	 * Pairs with the barrier in base.c: whoever does not see it yet is seen
	 * by the second look.
	 */
	smp_mb();
	err = check_devices();
	if (!err) {
		err = host_map_op(XEN_IOMMUOP_drop_host_map);
		if (!err) {
			pr_info("host map dropped: devices reach what is mapped for them, and nothing else\n");
			return 0;
		}
		pr_err("the host map can't be dropped: error %d\n", err);
		pviommu_restore_host_map();
	}
	WRITE_ONCE(pviommu_isolated, false);

	return err;
}

/**
 * pviommu_isolate - drop the host map, or put it back
 * @on: whether to drop it
 *
 * Context: process.
 * Return: 0, also when it was so already; -EBUSY if a device needs it.
 */
int pviommu_isolate(bool on)
{
	int err = 0;

	mutex_lock(&isolate_lock);
	if (on && !pviommu_isolated) {
		err = drop();
	} else if (!on && pviommu_isolated) {
		err = pviommu_restore_host_map();
		if (!err) {
			WRITE_ONCE(pviommu_isolated, false);
			pr_info("host map restored\n");
			pviommu_domains_exposed();
		}
	}
	mutex_unlock(&isolate_lock);

	return err;
}
