// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU driver for the kernel's IOMMU API, which VFIO needs. The driver exists on
 * request (the parameter and the sysfs file `vfio`), because a module with a
 * registered driver can't be unloaded.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/platform_device.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "compat.h"
#include "iommu.h"
#include "isolate.h"
#include "probe.h"
#include "static.h"
#include "window.h"

/* Writes there are interrupts. */
#define MSI_START	0xfee00000ULL
#define MSI_END		0xfef00000ULL

static struct iommu_device iommu;
static bool serves;

/* Serialises changes of it. */
static DEFINE_MUTEX(serve_lock);

static bool is_capable(struct device *dev, enum iommu_cap cap)
{
	/* x86's DMA is. Of interrupts Xen tells us nothing. */
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static struct iommu_device *probe_device(struct device *dev)
{
	if (!dev_is_pci(dev))
		return ERR_PTR(-ENODEV);

	return &iommu;
}

static void release_device(struct device *dev)
{
}

/* Drivers in dom0 have DMA operations: ours, or xen-swiotlb's. */
static int def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

static void iommu_reserve(struct list_head *list, u64 start, u64 end,
			  enum iommu_resv_type type)
{
	struct iommu_resv_region *region;

	if (start >= end)
		return;
	region = iommu_alloc_resv_region(start, end - start, 0, type,
					 GFP_KERNEL);
	if (region)
		list_add_tail(&region->list, list);
}

/* Room for a process at the addresses in the log. */
#define PROCESS_ROOM	((u64)SZ_4G)

/* The first address behind the host map, while that stands. */
static u64 first_free(void)
{
	u64 end_of_ram = PFN_PHYS(pviommu_xen.max_ram);

	return pviommu_isolated() ? SZ_4G : max_t(u64, SZ_4G, end_of_ram);
}

/* The lowest address from @addr on behind which our ranges leave @room. */
static u64 behind_ours(u64 addr, u64 room)
{
	const struct {
		u64 start, last;
	} ours[] = {
		{ pviommu_high.start, pviommu_high.last },
		{ pviommu_static.start, pviommu_static.last },
	};
	unsigned int i, moved;

	do {
		for (i = 0, moved = 0; i < ARRAY_SIZE(ours); i++) {
			if (!ours[i].last || addr > ours[i].last ||
			    addr + room <= ours[i].start)
				continue;
			addr = ours[i].last + 1;
			moved++;
		}
	} while (moved);

	return addr;
}

/*
 * Below 4 GiB there are BARs, firmware's ranges and the low window. The host
 * map, while it stands, is not overwritten; nor are our windows.
 */
static void get_resv_regions(struct device *dev, struct list_head *list)
{
	iommu_reserve(list, 0, MSI_START, IOMMU_RESV_RESERVED);
	iommu_reserve(list, MSI_START, MSI_END, IOMMU_RESV_MSI);
	iommu_reserve(list, MSI_END, first_free(), IOMMU_RESV_RESERVED);
	if (pviommu_high.last)
		iommu_reserve(list, pviommu_high.start, pviommu_high.last + 1,
			      IOMMU_RESV_RESERVED);
	if (pviommu_static.last)
		iommu_reserve(list, pviommu_static.start, pviommu_static.last + 1,
			      IOMMU_RESV_RESERVED);
}

PVIOMMU_DEFINE_DOMAIN_OPS(iommu, pviommu_domain_alloc, pviommu_identity_domain,
			  pviommu_blocked_domain)

static const struct iommu_ops iommu_ops = {
	.capable = is_capable,
	PVIOMMU_DOMAIN_OPS(iommu, pviommu_domain_alloc, pviommu_identity_domain,
			   pviommu_blocked_domain)
	.probe_device = probe_device,
	.release_device = release_device,
	.device_group = pci_device_group,
	.get_resv_regions = get_resv_regions,
	.def_domain_type = def_domain_type,
	.owner = THIS_MODULE,
};

static void iommu_clear(void)
{
	pviommu_bus_forget(&pci_bus_type);
	pviommu_bus_forget(&platform_bus_type);
	iommu_device_sysfs_remove(&iommu);
}

/*
 * Is a device bound by VFIO, or by an ordinary driver? One log line names the
 * first.
 */
static bool has_driver(bool vfio, const char *refusal)
{
	struct pci_dev *pdev = NULL;
	bool found = false;

	while (!found && (pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, pdev))) {
		device_lock(&pdev->dev);
		found = pdev->hdr_type == PCI_HEADER_TYPE_NORMAL &&
			pdev->driver && pdev->driver->driver_managed_dma == vfio;
		if (found)
			pr_notice("%s: %s has the driver %s\n", refusal,
				  pci_name(pdev), pdev->driver->name);
		device_unlock(&pdev->dev);
	}
	pci_dev_put(pdev);

	return found;
}

static int iommu_start(void)
{
	int err;

	/* The kernel counts drivers when they bind, not when we come. */
	if (has_driver(false, "vfio=1 refused, as it must come before drivers"))
		return -EBUSY;
	err = iommu_device_sysfs_add(&iommu, NULL, NULL, "xen-pviommu");
	if (err)
		return err;
	pviommu_domains_open();
	err = iommu_device_register(&iommu, &iommu_ops, NULL);
	if (err) {
		iommu_clear();
		return err;
	}
	pr_info("VFIO can have devices; addresses from %#llx on are a process's own\n",
		behind_ours(first_free(), PROCESS_ROOM));

	return 0;
}

static int iommu_stop(void)
{
	/* A process can take a device that is bound to VFIO at any time. */
	if (has_driver(true, "vfio=0 refused") || !pviommu_domains_close())
		return -EBUSY;
	iommu_device_unregister(&iommu);
	iommu_clear();

	return 0;
}

/**
 * pviommu_iommu_serve - be an IOMMU driver, or be none any more
 * @on: the new state
 *
 * Context: process.
 * Return: 0, also when it was so already; -EBUSY: there is another IOMMU driver;
 * devices have drivers already; or, to be none any more, VFIO has a device.
 */
int pviommu_iommu_serve(bool on)
{
	int err = 0;

	mutex_lock(&serve_lock);
	if (on != serves) {
		err = on ? iommu_start() : iommu_stop();
		if (!err)
			serves = on;
	}
	mutex_unlock(&serve_lock);

	return err;
}

bool pviommu_iommu_serves(void)
{
	return READ_ONCE(serves);
}
