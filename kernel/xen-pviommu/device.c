// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices that bind.c has bound, their counters, and the path that their
 * new mappings take: ours or the base ops'.
 */
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <xen/page.h>

#include "compat.h"
#include "device.h"
#include "isolate.h"
#include "desc.h"

/* Failures in a row after which a device goes on without us. */
#define MAX_FAILURES	16

const char *const pviommu_path_names[PVIOMMU_PATHS] = {
	[PVIOMMU_PATH_OURS] = "pviommu",
	[PVIOMMU_PATH_UNDECIDED] = "undecided",
	[PVIOMMU_PATH_BASE] = "base",
};

/*
 * Protects the list, and each pviommu_device on the list against being freed. A
 * change of a device's life needs the device's own lock as well.
 */
DEFINE_MUTEX(pviommu_devices_lock);
LIST_HEAD(pviommu_devices);

static DEFINE_IDA(owners);

static bool is_virtio_of(struct kobject *kobj, struct device *parent)
{
	const struct bus_type *bus = kobj_to_dev(kobj)->bus;

	return kobj->parent == &parent->kobj && bus &&
	       !strcmp(bus->name, "virtio");
}

/*
 * A virtio device that did not negotiate VIRTIO_F_ACCESS_PLATFORM reaches
 * memory past the IOMMU, with the addresses that the CPU uses. Under Xen the
 * virtio core asks the DMA API nevertheless.
 *
 * The PCI device's list of children gets a virtio device after that device's probe,
 * which may make the first mapping. The set of all devices has it before.
 */
static bool bypasses_iommu(struct device *dev)
{
	struct kset *devices = dev->kobj.kset;
	struct kobject *kobj;
	bool bypasses = true;

	spin_lock(&devices->list_lock);
	list_for_each_entry(kobj, &devices->list, entry) {
		if (!is_virtio_of(kobj, dev))
			continue;
		bypasses = !__virtio_test_bit(dev_to_virtio(kobj_to_dev(kobj)),
					      VIRTIO_F_ACCESS_PLATFORM);
		break;
	}
	spin_unlock(&devices->list_lock);

	return bypasses;
}

/* The first to latch a device logs why. The latch lasts until the unbinding. */
static bool device_latch(struct pviommu_device *pd, enum pviommu_path from)
{
	return cmpxchg(&pd->path, from, PVIOMMU_PATH_BASE) == from;
}

/**
 * pviommu_device_decide - settle the path of a device that is not on ours
 * @pd: the device
 *
 * Called from the device's DMA operations: virtio has negotiated before the
 * first. Callers at the same time come to the same decision.
 *
 * Return: true if new mappings take our path.
 */
bool pviommu_device_decide(struct pviommu_device *pd)
{
	if (READ_ONCE(pd->path) == PVIOMMU_PATH_BASE)
		return false;
	if (!bypasses_iommu(pd->dev)) {
		cmpxchg(&pd->path, PVIOMMU_PATH_UNDECIDED, PVIOMMU_PATH_OURS);
		return READ_ONCE(pd->path) == PVIOMMU_PATH_OURS;
	}
	if (device_latch(pd, PVIOMMU_PATH_UNDECIDED))
		dev_notice(pd->dev, "virtio without VIRTIO_F_ACCESS_PLATFORM bypasses the IOMMU: on xen-swiotlb\n");

	return false;
}

/* Errors that a machine short of something gives; all others are a surprise. */
static bool is_shortage(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EBUSY:
	case -ENXIO:
	case -ESRCH:
	case -EPERM:
		return true;
	default:
		return false;
	}
}

/**
 * pviommu_device_failed - note that a map or an unmap of the device failed
 * @pd: the device
 * @error: the status
 *
 * A surprise, or too many failures in a row, latch the device: its new mappings
 * go to the base ops, and our ops still take down its old mappings. Without the
 * host map the base ops can't serve, and mappings just fail.
 */
void pviommu_device_failed(struct pviommu_device *pd, int error)
{
	unsigned int failures = READ_ONCE(pd->failures) + 1;

	WRITE_ONCE(pd->failures, failures);
	if (is_shortage(error) && failures < MAX_FAILURES)
		return;
	if (!pviommu_host_map_stands())
		return;
	if (device_latch(pd, PVIOMMU_PATH_OURS))
		dev_err(pd->dev, "error %d, %u in a row: on xen-swiotlb from now on\n",
			error, failures);
}

/* Xen has no memory for a table, and we have no tables left. This passes. */
void pviommu_device_starved(struct pviommu_device *pd)
{
	dev_notice_ratelimited(pd->dev, "Xen is out of memory for the IOMMU's tables: a mapping has to wait until it has some, or others are unmapped\n");
}

/* No window lies under the device's mask. Not a failure, but said once. */
void pviommu_device_narrow(struct pviommu_device *pd, u64 limit)
{
	if (pd->told_narrow)
		return;
	pd->told_narrow = true;
	dev_notice(pd->dev, "no window below %#llx: such mappings are on xen-swiotlb\n",
		   limit);
}

/* The lock is held. Return: NULL if the device has never had a driver. */
struct pviommu_device *pviommu_device_find(struct device *dev)
{
	struct pviommu_device *pd;

	list_for_each_entry(pd, &pviommu_devices, node)
		if (pd->dev == dev && pd->life != PVIOMMU_LIFE_GONE)
			return pd;

	return NULL;
}

u64 pviommu_device_counter_sum(struct pviommu_device *pd,
			       enum pviommu_counter which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(pd->counters, cpu)->value[which]);

	return sum;
}

/* The sum of a counter over the present devices. */
u64 pviommu_devices_sum(enum pviommu_counter which)
{
	struct pviommu_device *pd;
	u64 sum = 0;

	mutex_lock(&pviommu_devices_lock);
	list_for_each_entry(pd, &pviommu_devices, node)
		sum += pviommu_device_counter_sum(pd, which);
	mutex_unlock(&pviommu_devices_lock);

	return sum;
}

/* A device leaves the list, whose lock is held. The total keeps its counts. */
void pviommu_device_fold(struct pviommu_device *pd)
{
	int which;

	for (which = 0; which < PVIOMMU_DEVICE_COUNTERS; which++)
		pviommu_count(which, pviommu_device_counter_sum(pd, which));
}

/*
 * Take a value of the descriptors' owner field; pviommu_device_free() gives the
 * value back. 0: there are too many devices, or PFNs need the bits.
 */
u64 pviommu_owner_new(void)
{
	int nr;

	if (xen_p2m_size > pviommu_desc_owner(1))
		return 0;
	nr = ida_alloc_range(&owners, 1, PVIOMMU_OWNERS, GFP_KERNEL);

	return nr < 0 ? 0 : pviommu_desc_owner(nr);
}

void pviommu_device_free(struct pviommu_device *pd)
{
	if (pd->owner)
		ida_free(&owners, pviommu_desc_owner_nr(pd->owner));
	free_percpu(pd->counters);
	kfree(pd);
}

/**
 * pviommu_device_rest - give a device its own ops back
 * @pd: the device, which has no driver, and nothing of ours mapped
 *
 * Context: the device's lock is held.
 */
void pviommu_device_rest(struct pviommu_device *pd)
{
	/* Waits for readers, who take the lock. */
	if (pd->in_sysfs)
		sysfs_remove_group(&pd->dev->kobj, pd->files);
	mutex_lock(&pviommu_devices_lock);
	pd->in_sysfs = false;
	pd->holds_module = false;
	pd->life = PVIOMMU_LIFE_IDLE;
	if (pd->dev->dma_ops == &pd->ops)
		set_dma_ops(pd->dev, pd->saved);
	mutex_unlock(&pviommu_devices_lock);
}

/**
 * pviommu_device_lock - the state of a device that we serve, or did
 * @dev: a PCI device
 *
 * A device without a driver has a state while mappings are left.
 *
 * Return: NULL, or the state, which stays until pviommu_device_unlock(). The
 * caller must call that function, and unbinding waits for the call.
 */
struct pviommu_device *pviommu_device_lock(struct device *dev)
{
	struct pviommu_device *pd;

	mutex_lock(&pviommu_devices_lock);
	pd = pviommu_device_find(dev);
	if (pd && pd->life != PVIOMMU_LIFE_IDLE)
		return pd;
	mutex_unlock(&pviommu_devices_lock);

	return NULL;
}

void pviommu_device_unlock(struct pviommu_device *pd)
{
	mutex_unlock(&pviommu_devices_lock);
}
