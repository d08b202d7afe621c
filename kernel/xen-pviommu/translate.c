// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a device's DMA translated? dom0 may have an IOMMU without the device: firmware may
 * name no unit for the device, an option or a quirk may have left its unit off. A BFN of
 * such a device is a machine address on the bus, so Xen is asked before the device gets
 * a BFN.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/pci.h>

#include "translate.h"
#include "xencall.h"

static const char *const reasons[] = {
	[XEN_IOMMUOP_DEVICE_unknown] = "Xen does not know it",
	[XEN_IOMMUOP_DEVICE_no_unit] = "no IOMMU unit has it",
	[XEN_IOMMUOP_DEVICE_unit_off] = "its IOMMU unit is off",
	[XEN_IOMMUOP_DEVICE_other_table] = "its DMA is blocked or has another table",
};

/* A bridge passes on others' requests, and no unit has an entry for the bridge. */
static bool is_bridge(struct pci_dev *pdev)
{
	return pdev->hdr_type != PCI_HEADER_TYPE_NORMAL ||
	       pdev->class >> 8 == PCI_CLASS_BRIDGE_HOST;
}

/**
 * pviommu_untranslated - why our map means nothing to a device
 * @pdev: the device
 *
 * Context: process.
 * Return: NULL if all DMA of the device is translated by dom0's table, or for a
 * bridge; else the reason, for the log.
 */
const char *pviommu_untranslated(struct pci_dev *pdev)
{
	struct xen_iommu_op op = {
		.op = XEN_IOMMUOP_query_device,
		.u.device = {
			.seg = pci_domain_nr(pdev->bus),
			.bus = pdev->bus->number,
			.devfn = pdev->devfn,
		},
	};
	unsigned int why = 0;
	int err;

	if (is_bridge(pdev))
		return NULL;
	/* Behind Intel's VMD, for one: a domain of Linux's own. */
	if (pci_domain_nr(pdev->bus) > U16_MAX)
		return reasons[XEN_IOMMUOP_DEVICE_unknown];
	err = pviommu_hypercall_one(&op);
	if (!err)
		return NULL;
	if (err == -ENODEV && op.u.device.why < ARRAY_SIZE(reasons))
		why = op.u.device.why;

	return reasons[why] ?: "Xen does not tell whether it is";
}
