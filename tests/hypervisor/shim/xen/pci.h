/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI devices, as Xen was told of them. */
#pragma once
#include <xen/sched.h>

typedef union {
    uint32_t sbdf;
    struct {
        uint8_t devfn, bus;
        uint16_t seg;
    };
} pci_sbdf_t;

struct pci_dev {
    pci_sbdf_t sbdf;
    unsigned int why; /* XEN_IOMMUOP_DEVICE_*: the driver's answer */
};

#define PCI_SBDF(s, b, df) ((pci_sbdf_t){ .devfn = (df), .bus = (b), .seg = (s) })

void pcidevs_lock(void);
void pcidevs_unlock(void);
struct pci_dev *pci_get_pdev(const struct domain *d, pci_sbdf_t sbdf);
