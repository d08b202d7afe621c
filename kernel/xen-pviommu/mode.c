// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mode of a device: the module's, the parameter's ("devices"), or the last
 * write to the device's sysfs file.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "device.h"
#include "params.h"
#include "probe.h"
#include "queue.h"
#include "static.h"

/*
 * The parameter "devices": "0000:00:03.0=strict,8086:10d3=lazy", by address, or by
 * vendor and device.
 */
static bool is_device(struct pci_dev *pdev, const char *name, size_t len)
{
	char id[sizeof("vvvv:dddd")];

	snprintf(id, sizeof(id), "%04x:%04x", pdev->vendor, pdev->device);

	return (len == strlen(id) && !strncasecmp(name, id, len)) ||
	       (len == strlen(pci_name(pdev)) &&
		!strncasecmp(name, pci_name(pdev), len));
}

/* The parameter's mode of the device, or @otherwise. */
static int asked_for(struct pci_dev *pdev, int otherwise)
{
	const char *item = pviommu_params.devices, *mode;
	int found;

	for (; item && *item; item += strcspn(item, ","), item += *item == ',') {
		mode = item + strcspn(item, "=,");
		if (!is_device(pdev, item, mode - item))
			continue;
		found = *mode == '=' ?
			pviommu_mode_parse(mode + 1, strcspn(mode + 1, ",")) :
			-EINVAL;
		if (found >= 0)
			return found;
		pci_err(pdev, "xen_pviommu.devices: no mode is named for it\n");
	}

	return otherwise;
}

/**
 * pviommu_mode_for - the mode that a device starts in
 * @pdev: the device
 * @otherwise: the module's
 *
 * Return: the mode. static without the static map is strict. Under a Xen whose maps
 * don't yield, all modes but off are strict. An untrusted device, which may try to read
 * foreign memory, is strict.
 */
enum pviommu_mode pviommu_mode_for(struct pci_dev *pdev,
				   enum pviommu_mode otherwise)
{
	enum pviommu_mode mode = asked_for(pdev, otherwise);

	if (pdev->untrusted) {
		if (mode == PVIOMMU_OFF)
			pci_notice(pdev, "xen_pviommu.devices: it is untrusted, so strict and not off\n");
		return PVIOMMU_STRICT;
	}
	if (mode == PVIOMMU_STATIC && !pviommu_static.last)
		return PVIOMMU_STRICT;

	return mode == PVIOMMU_OFF || pviommu_xen.yield ? mode : PVIOMMU_STRICT;
}

/**
 * pviommu_device_set_mode - give a device another mode
 * @pd: the device, from pviommu_device_get()
 * @name: of the mode
 *
 * Live mappings are taken down in the new mode. Waiting and idle mappings are gone,
 * flushed, at the return: an unmap reads the mode with interrupts off, and the drain
 * is an interrupt on each CPU.
 *
 * Return: 0; -EINVAL: no such mode, or off, which needs an unbind. -EPERM: an
 * untrusted device stays strict. -EOPNOTSUPP: Xen's maps don't yield, and all
 * devices are strict. -EBUSY: static, without the static map.
 */
int pviommu_device_set_mode(struct pviommu_device *pd, const char *name)
{
	int mode = pviommu_mode_of_line(name);

	if (mode < 0 || mode == PVIOMMU_OFF)
		return -EINVAL;
	if (to_pci_dev(pd->dev)->untrusted && mode != PVIOMMU_STRICT)
		return -EPERM;
	if (mode != PVIOMMU_STRICT && !pviommu_xen.yield)
		return -EOPNOTSUPP;
	if (mode == PVIOMMU_STATIC && !pviommu_static.last)
		return -EBUSY;
	WRITE_ONCE(pd->mode, mode);
	pviommu_queues_drain();

	return 0;
}
