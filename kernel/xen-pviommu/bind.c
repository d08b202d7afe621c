// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices that the module serves, and the times of service.
 *
 * A device gets the module's ops just before its driver probes. The device loses
 * them when the driver, the driver's devres and the driver's last mappings (late.c)
 * are gone. The ops never change in between: addresses of one set of ops are good for
 * that set alone.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "device.h"
#include "queue.h"
#include "refuse.h"
#include "translate.h"

static unsigned int nr_devices;

static enum pviommu_mode default_mode __read_mostly;
static const struct dma_map_ops *our_ops __read_mostly;
static const struct attribute_group *our_files __read_mostly;

/*
 * Emulated devices that reach some of their memory past the IOMMU without any
 * feature that tells so. They exist in virtual machines only.
 */
static const struct pci_device_id bypassing[] = {
	/* QEMU's PVSCSI translates its data, but not its rings. */
	{ PCI_DEVICE(PCI_VENDOR_ID_VMWARE, 0x07c0) },
	{ }
};

static enum pviommu_path path_for(struct pci_dev *pdev)
{
	const char *why = pviommu_untranslated(pdev);

	if (why) {
		pci_notice(pdev, "its DMA is not translated (%s): on xen-swiotlb\n",
			   why);
		return PVIOMMU_PATH_BASE;
	}
	if (pdev->vendor == PCI_VENDOR_ID_REDHAT_QUMRANET)
		return PVIOMMU_PATH_UNDECIDED;
	if (!pci_match_id(bypassing, pdev))
		return PVIOMMU_PATH_OURS;
	pci_notice(pdev, "known to bypass the IOMMU: on xen-swiotlb\n");

	return PVIOMMU_PATH_BASE;
}

static struct pviommu_device *new_device(struct device *dev)
{
	struct pviommu_device *pd = kzalloc(sizeof(*pd), GFP_KERNEL);

	if (!pd)
		return NULL;
	pd->counters = alloc_percpu(struct pviommu_device_counters);
	if (!pd->counters) {
		kfree(pd);
		return NULL;
	}
	pd->ops = *our_ops;
	pd->files = our_files;
	pd->dev = dev;
	pd->owner = pviommu_owner_new();
	mutex_lock(&pviommu_devices_lock);
	list_add_tail(&pd->node, &pviommu_devices);
	mutex_unlock(&pviommu_devices_lock);

	return pd;
}

static struct pviommu_device *bind_find(struct device *dev)
{
	struct pviommu_device *pd;

	mutex_lock(&pviommu_devices_lock);
	pd = pviommu_device_find(dev);
	mutex_unlock(&pviommu_devices_lock);

	return pd;
}

/*
 * The device has lost its driver. Remaining mappings are taken down at their
 * unmap at once, in every mode.
 */
static u64 bind_leave(struct pviommu_device *pd)
{
	u64 left;

	mutex_lock(&pviommu_devices_lock);
	nr_devices--;
	pd->life = PVIOMMU_LIFE_LATE;
	left = pviommu_device_leftover(pd);
	WRITE_ONCE(pd->mode, PVIOMMU_STRICT);
	mutex_unlock(&pviommu_devices_lock);

	return left;
}

/*
 * Runs as the last of the device's devres actions, under its lock. The bus
 * notifiers come too early: at BUS_NOTIFY_DRIVER_NOT_BOUND devres still holds
 * coherent memory of the driver whose probe failed.
 */
static void bind_detach(void *data)
{
	struct pviommu_device *pd = data;
	u64 left = bind_leave(pd);

	/* The next owner of the device is to find nothing of this one's. */
	pviommu_queues_drain();
	if (left) {
		dev_warn(pd->dev, "%llu mappings are left: the device keeps its DMA operations, and the module stays, until they are taken down\n",
			 left);
		pviommu_late_schedule();
		return;
	}
	pviommu_device_rest(pd);
	/* pviommu_devices_exit() waits until we have left the module's text. */
	module_put(THIS_MODULE);
}

/* Bridges do no DMA of their own. */
static bool may_attach(struct pci_dev *pdev)
{
	return pdev->hdr_type == PCI_HEADER_TYPE_NORMAL && pdev->dev.dma_mask &&
	       get_dma_ops(&pdev->dev);
}

/*
 * Mappings of the base ops that no driver has taken down are not waited for:
 * the base ops' unmap finds its way. But they are not this driver's.
 */
static void bind_begin(struct pviommu_device *pd, enum pviommu_mode mode)
{
	mutex_lock(&pviommu_devices_lock);
	if (pd->life == PVIOMMU_LIFE_IDLE) {
		pd->saved = pd->dev->dma_ops;
		pd->base = get_dma_ops(pd->dev);
	}
	pd->leftover = pviommu_device_leftover(pd);
	pd->life = PVIOMMU_LIFE_SERVED;
	pd->holds_module = true;
	pd->mode = mode;
	pd->path = path_for(to_pci_dev(pd->dev));
	pd->failures = 0;
	pd->told_narrow = false;
	pd->told_stale = false;
	pd->strangers |= atomic_long_xchg(&pd->base_live, 0) > 0;
	nr_devices++;
	set_dma_ops(pd->dev, &pd->ops);
	mutex_unlock(&pviommu_devices_lock);
}

/* The devres action is the first of the device, and so the last to run. */
static bool bind_serve(struct pci_dev *pdev, enum pviommu_mode mode)
{
	struct pviommu_device *pd = bind_find(&pdev->dev) ?: new_device(&pdev->dev);

	if (!pd || devm_add_action(&pdev->dev, bind_detach, pd))
		return false;
	/* A device with mappings of an earlier driver has an object already. */
	if (pd->holds_module)
		module_put(THIS_MODULE);
	bind_begin(pd, mode);
	if (!pd->in_sysfs)
		pd->in_sysfs = !sysfs_create_group(&pdev->dev.kobj, pd->files);

	return true;
}

/*
 * Memory is short. If mappings of ours are left their unmaps must reach us by our
 * ops: only new mappings are the base ops'. Return: false if DMA is refused.
 */
static bool leave_to_base(struct pci_dev *pdev)
{
	struct pviommu_device *pd = bind_find(&pdev->dev);

	if (!pd || pd->life != PVIOMMU_LIFE_LATE)
		return !pviommu_refuse(pdev, "out of memory");
	WRITE_ONCE(pd->path, PVIOMMU_PATH_BASE);

	return true;
}

/* The driver core calls it under the device's lock, before probe. */
static void bind_attach(struct pci_dev *pdev)
{
	struct pviommu_device *pd;
	enum pviommu_mode mode;

	/* A module that is about to go puts the host map back: see pviommu_stop(). */
	if (!may_attach(pdev) || !try_module_get(THIS_MODULE))
		return;
	/* Also for a driver that the module does not serve. */
	pd = bind_find(&pdev->dev);
	if (pd)
		pviommu_late_revoke(pd);
	mode = pviommu_mode_for(pdev, default_mode);
	if (mode == PVIOMMU_OFF) {
		if (pviommu_refuse(pdev, "its mode is off"))
			return;
	} else {
		if (bind_serve(pdev, mode) || !leave_to_base(pdev))
			return;
		pci_err(pdev, "out of memory: on xen-swiotlb\n");
	}
	module_put(THIS_MODULE);
}

/*
 * A driver goes that was bound before the module. Its mappings of the base ops may
 * be taken down when the module serves the device.
 */
static void note_strangers(struct pci_dev *pdev)
{
	struct pviommu_device *pd;

	if (!may_attach(pdev) || pviommu_refused(&pdev->dev))
		return;
	pd = bind_find(&pdev->dev) ?: new_device(&pdev->dev);
	if (pd && pd->life != PVIOMMU_LIFE_SERVED)
		pd->strangers = true;
}

static int bind_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
		bind_attach(to_pci_dev(dev));
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		note_strangers(to_pci_dev(dev));
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
	case BUS_NOTIFY_UNBOUND_DRIVER:
		if (pviommu_refuse_no_more(dev))
			module_put(THIS_MODULE);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		pviommu_late_removed(dev);
		break;
	}

	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = bind_notify,
};

unsigned int pviommu_devices_attached(void)
{
	return READ_ONCE(nr_devices);
}

/* Under the device's lock, where no driver is in the middle of its bind. */
static bool needs_base(struct pci_dev *pdev)
{
	struct pviommu_device *pd;
	bool needs = true;

	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL || !pdev->dev.driver ||
	    !pdev->is_busmaster || pviommu_refused(&pdev->dev))
		return false;

	pd = pviommu_device_lock(&pdev->dev);
	if (pd) {
		needs = READ_ONCE(pd->path) != PVIOMMU_PATH_OURS ||
			atomic_long_read(&pd->base_live);
		pviommu_device_unlock(pd);
	}

	return needs;
}

/**
 * pviommu_devices_find_base - a device that needs the host map
 *
 * Return: a bound bus master that is not wholly on the module's path, with a
 * reference for the caller to put; or NULL.
 */
struct device *pviommu_devices_find_base(void)
{
	struct pci_dev *pdev = NULL;
	bool needs;

	for_each_pci_dev(pdev) {
		device_lock(&pdev->dev);
		needs = needs_base(pdev);
		device_unlock(&pdev->dev);
		if (needs)
			return &pdev->dev;
	}

	return NULL;
}

static void log_bound_already(void)
{
	struct pci_dev *pdev = NULL;
	unsigned int nr = 0;

	for_each_pci_dev(pdev)
		if (pdev->dev.driver && may_attach(pdev))
			nr++;
	if (nr)
		pr_info("%u devices were bound already: on xen-swiotlb until they are bound again\n",
			nr);
}

/**
 * pviommu_devices_init - serve devices from now on
 * @mode: of all devices without a mode of their own
 * @ops: their DMA operations, which each has a copy of
 * @files: of their directory in sysfs
 *
 * Return: 0 or a negative errno.
 */
int pviommu_devices_init(enum pviommu_mode mode, const struct dma_map_ops *ops,
			 const struct attribute_group *files)
{
	default_mode = mode;
	our_ops = ops;
	our_files = files;
	log_bound_already();

	return bus_register_notifier(&pci_bus_type, &notifier);
}

/*
 * No device is attached, or has anything left: each holds a module reference.
 * But the last bind_detach() may still be on its way out, under its device's lock.
 */
void pviommu_devices_exit(void)
{
	struct pci_dev *pdev = NULL;

	bus_unregister_notifier(&pci_bus_type, &notifier);
	for_each_pci_dev(pdev) {
		device_lock(&pdev->dev);
		device_unlock(&pdev->dev);
	}
	pviommu_late_exit();
}
