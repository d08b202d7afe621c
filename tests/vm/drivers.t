#!/usr/bin/env bash
# The five drivers that matter carry traffic and files over our path, in every mode.
set -u
. "$(dirname "$0")/lib.sh"

nic_pair e1000e
nic_pair vmxnet3
nic_pair virtio-net-pci,iommu_platform=on,disable-legacy=on
nvme
ahci
for mode in strict static lazy reuse; do
    vm_test "$mode" --mode "$mode" --qemu-args "$DEVICES" -- \
        drivers.sh "$mode" 'nic:e1000e nic:vmxnet3 nic:virtio-pci disk:nvme disk:ahci' ''
done
# Nothing but dom0's own ordinary memory is in reach then.
vm_test 'static, isolated' --mode static --linux-args xen_pviommu.isolate=1 --qemu-args "$DEVICES" -- \
    drivers.sh static,isolated 'nic:e1000e nic:vmxnet3 nic:virtio-pci disk:nvme disk:ahci' ''
done_testing
