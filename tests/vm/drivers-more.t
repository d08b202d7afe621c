#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Older and odder devices: narrow masks, bounced buffers, bridges, virtio with
# and without translation. They all work, on any path.
set -u
. "$(dirname "$0")/lib.sh"

nic_pair rtl8139
nic_pair pcnet
nic_pair e1000
scsi_disk am53c974
scsi_disk megasas
scsi_disk pvscsi
usb_disk usb-ehci
usb_disk qemu-xhci
sd_card
virtio_disk ',iommu_platform=on,disable-legacy=on'
virtio_disk ''
for mode in strict static; do
    vm_test "$mode" --mode "$mode" --qemu-args "$DEVICES" --timeout 900 -- \
        drivers.sh "$mode" '' 'nic:8139cp nic:pcnet32 nic:e1000 disk:am53c974 disk:megaraid_sas disk:vmw_pvscsi
            disk:ehci-pci disk:xhci_hcd disk:sdhci-pci disk:virtio-pci:2'
done
skip mptsas1068 'its driver finds no disk behind QEMU'"'"'s model, on xen-swiotlb neither'
skip lsi53c895a 'its model in QEMU fetches its program from its own BAR through the IOMMU: it fails on xen-swiotlb as well'
done_testing
