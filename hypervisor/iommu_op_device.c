/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op_device.c: is the DMA of a device translated by the domain's table?
 *
 * A domain has an IOMMU, but some devices have no translation. Firmware names
 * no unit, an option or a quirk left the unit off, Xen was not told of the
 * device, or Xen gave the device another table. A BFN of such a device is a
 * machine address on the bus.
 */
#include <xen/lib.h>
#include <xen/pci.h>

#include "iommu_op.h"

int iommu_op_query_device(struct domain *d, struct xen_iommu_op_device *q)
{
    const struct pci_dev *pdev;
    unsigned int seg = q->seg; /* PCI_SBDF() shifts it into bit 31 */

    pcidevs_lock();
    pdev = pci_get_pdev(NULL, PCI_SBDF(seg, q->bus, q->devfn));
    q->why = pdev ? iommu_call(dom_iommu(d)->platform_ops, leaf_device, d, pdev)
                  : XEN_IOMMUOP_DEVICE_unknown;
    pcidevs_unlock();

    return q->why == XEN_IOMMUOP_DEVICE_ok ? 0 : -ENODEV;
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
