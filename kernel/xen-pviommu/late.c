// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings that outlive their driver. A page may be in a socket's queue still,
 * or a file of the driver may be open: the unmap comes after the driver has
 * gone, and must reach us. So the device keeps our ops, and the module stays,
 * while any such mapping is left.
 *
 * An unmap does not check for the last leftover. A work item looks each second
 * instead, at devices with leftovers.
 *
 * A device that gets its next driver, or goes, loses such mappings. Their unmap
 * is still waited for, as only then the BFNs are free.
 */
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "device.h"
#include "probe.h"
#include "revoke.h"

#define LOOK_EVERY	HZ

static void late_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(late_work, late_look);

/* Mappings that live. Right only without a driver, which may map meanwhile. */
static u64 count_left(struct pviommu_device *pd)
{
	u64 maps = pviommu_device_counter_sum(pd, PVIOMMU_MAPS);
	u64 unmaps = pviommu_device_counter_sum(pd, PVIOMMU_UNMAPS);

	/* An unmap in the static map is counted, and not checked. */
	return maps > unmaps ? maps - unmaps : 0;
}

/**
 * pviommu_device_leftover - mappings that earlier drivers of a device left
 * @pd: the device
 *
 * While the device has a driver, an unmap of a leftover looks like an unmap of
 * the driver's own mapping. The number is then the count that the driver found.
 *
 * Context: @pviommu_devices_lock is held.
 * Return: number of mappings left.
 */
u64 pviommu_device_leftover(struct pviommu_device *pd)
{
	return pd->life == PVIOMMU_LIFE_SERVED ? pd->leftover : count_left(pd);
}

/* Of all devices, gone devices included. */
u64 pviommu_devices_leftover(void)
{
	struct pviommu_device *pd;
	u64 sum = 0;

	mutex_lock(&pviommu_devices_lock);
	list_for_each_entry(pd, &pviommu_devices, node)
		sum += pviommu_device_leftover(pd);
	mutex_unlock(&pviommu_devices_lock);

	return sum;
}

/* Look, now and then, until no device is LATE or GONE. */
void pviommu_late_schedule(void)
{
	schedule_delayed_work(&late_work, LOOK_EVERY);
}

/**
 * pviommu_late_revoke - take from a device the mappings of earlier drivers
 * @pd: the device, which has no driver
 *
 * Context: process, the device's lock is held.
 */
void pviommu_late_revoke(struct pviommu_device *pd)
{
	struct pviommu_revoked revoked;

	/* Xen's generic path has no op for it, as it has no maps that yield. */
	if (!pd->owner || !pviommu_xen.yield || !count_left(pd))
		return;
	revoked = pviommu_revoke(pd->owner);
	pviommu_count_device(pd, PVIOMMU_REVOKED, revoked.runs);
	if (revoked.runs)
		dev_notice(pd->dev, "%lu mappings of an earlier driver are revoked\n",
			   revoked.runs);
	if (revoked.error)
		dev_err(pd->dev, "error %d: it may still reach some of them\n",
			revoked.error);
}

/* A device without leftovers, with a reference; or NULL. */
static struct device *find_rested(void)
{
	struct pviommu_device *pd;
	struct device *dev = NULL;

	mutex_lock(&pviommu_devices_lock);
	list_for_each_entry(pd, &pviommu_devices, node)
		if (pd->life == PVIOMMU_LIFE_LATE && !pd->dev->driver &&
		    !count_left(pd)) {
			dev = get_device(pd->dev);
			break;
		}
	mutex_unlock(&pviommu_devices_lock);

	return dev;
}

/* The device may have got a driver meanwhile, or be gone. */
static void late_rest(struct device *dev)
{
	struct pviommu_device *pd;

	device_lock(dev);
	mutex_lock(&pviommu_devices_lock);
	pd = pviommu_device_find(dev);
	if (pd && (pd->life != PVIOMMU_LIFE_LATE || dev->driver))
		pd = NULL;
	mutex_unlock(&pviommu_devices_lock);
	if (pd) {
		pviommu_device_rest(pd);
		module_put(THIS_MODULE);
	}
	device_unlock(dev);
}

/*
 * Free the objects of devices that are gone and have nothing left. A caller
 * that found our ops at such a device may still run them, in any context, and
 * may have been preempted there.
 */
static void late_reap(void)
{
	struct pviommu_device *pd, *next;
	LIST_HEAD(dead);

	mutex_lock(&pviommu_devices_lock);
	list_for_each_entry_safe(pd, next, &pviommu_devices, node)
		if (pd->life == PVIOMMU_LIFE_GONE && !count_left(pd)) {
			pviommu_device_fold(pd);
			list_move(&pd->node, &dead);
		}
	mutex_unlock(&pviommu_devices_lock);
	if (list_empty(&dead))
		return;

	list_for_each_entry(pd, &dead, node)
		if (pd->dev->dma_ops == &pd->ops)
			set_dma_ops(pd->dev, pd->saved);
	synchronize_rcu_tasks();
	list_for_each_entry_safe(pd, next, &dead, node) {
		put_device(pd->dev);
		if (pd->holds_module)
			module_put(THIS_MODULE);
		pviommu_device_free(pd);
	}
}

static bool any_late(void)
{
	struct pviommu_device *pd;
	bool any = false;

	mutex_lock(&pviommu_devices_lock);
	list_for_each_entry(pd, &pviommu_devices, node)
		any |= pd->life == PVIOMMU_LIFE_LATE ||
		       pd->life == PVIOMMU_LIFE_GONE;
	mutex_unlock(&pviommu_devices_lock);

	return any;
}

static void late_look(struct work_struct *work)
{
	struct device *dev;

	while ((dev = find_rested())) {
		late_rest(dev);
		put_device(dev);
	}
	late_reap();
	if (any_late())
		pviommu_late_schedule();
}

/**
 * pviommu_late_removed - a device has left its bus, after its driver
 * @dev: a PCI device
 *
 * A holder of the device may still unmap the driver's mappings.
 */
void pviommu_late_removed(struct device *dev)
{
	const struct attribute_group *files = NULL;
	struct pviommu_device *pd;

	/* The work item may be about to let the device rest. */
	device_lock(dev);
	mutex_lock(&pviommu_devices_lock);
	pd = pviommu_device_find(dev);
	if (pd) {
		get_device(dev);
		pd->life = PVIOMMU_LIFE_GONE;
		files = pd->in_sysfs ? pd->files : NULL;
		pd->in_sysfs = false;
	}
	mutex_unlock(&pviommu_devices_lock);
	if (pd)
		pviommu_late_revoke(pd);
	device_unlock(dev);
	/* Waits for readers, who take the lock. */
	if (files)
		sysfs_remove_group(&dev->kobj, files);
	if (pd)
		pviommu_late_schedule();
}

/*
 * The module goes: no device is LATE, and no GONE device has mappings left.
 * When the function returns, no task runs our ops any more.
 */
void pviommu_late_exit(void)
{
	struct pviommu_device *pd, *next;

	cancel_delayed_work_sync(&late_work);
	late_reap();
	synchronize_rcu_tasks();
	list_for_each_entry_safe(pd, next, &pviommu_devices, node)
		pviommu_device_free(pd);
	INIT_LIST_HEAD(&pviommu_devices);
}
