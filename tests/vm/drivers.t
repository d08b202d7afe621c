#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The five most important drivers carry traffic and files over the module's path, in every mode.
set -u
. "$(dirname "$0")/lib.sh"

nic_pair e1000e
nic_pair vmxnet3
nic_pair virtio-net-pci,iommu_platform=on,disable-legacy=on
nvme
ahci
all='nic:e1000e nic:vmxnet3 nic:virtio-pci disk:nvme disk:ahci'
# QEMU's ahci reads a list in one piece, and a list has many entries only statically.
# A debug Xen gives dom0 its frames backwards, so no two pages are one piece.
statically=$all
[ "$VM_XEN" != debug ] || statically=${all% disk:ahci}
for mode in strict static lazy reuse; do
    list=$all
    [ "$mode" != static ] || list=$statically
    vm_test "$mode" --mode "$mode" --qemu-args "$DEVICES" -- drivers.sh "$mode" "$list" ''
done
[ "$VM_XEN" != debug ] || skip 'static: ahci' 'its model in QEMU maps less of a list than was asked for, where pages are apart in the machine'
# Nothing but dom0's own ordinary memory is in reach then.
vm_test static-isolated --mode static --linux-args xen_pviommu.isolate=1 --qemu-args "$DEVICES" -- \
    drivers.sh static,isolated "$statically" ''
done_testing
