#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# AMD-Vi, as QEMU's amd-iommu has it. Xen's driver has no leaf tables for iommu_op, so
# maps hold their pages, and every device is strict.
set -u
. "$(dirname "$0")/lib.sh"

# The ABI. The attacker asks Xen for frames of its own: dom0 may grow.
room='dom0_mem=768M,max:1024M'
vm_test abi --amd "${ATTACKS[@]}" --no-module --xen-args "$room" -- \
    abi.sh fields claims tables frames mmio foreign batch list refs defer yield race hostmap

# The reach of a device.
edu
vm_test edu --amd --mode strict --qemu-args "$DEVICES" --trace amdvi_translation_result --excuse 'AMD-Vi: .*PAGE_FAULT' -- \
    edu.sh strict held
like 'Xen drives AMD-Vi' "$(console)" 'AMD-Vi: IOMMU 0 Enabled'
# Without a translation QEMU's result is address 0: for 3 writes and 1 read of `faults`, and
# for 2 writes and 1 read of `isolated`. A page that is mapped to be read has its address. A
# blocked DMA of 512 bytes goes by fours.
is 'QEMU translated no blocked DMA' "$(grep -ac 'devid: .* hpa 0x0$' "$VM_LOG/qemu-trace.log")" $((7 * 512 / 4))
is 'only the edu device was blocked' "$(grep -a 'hpa 0x0$' "$VM_LOG/qemu-trace.log" | grep -o 'devid: [^ ]*' | sort -u | wc -l)" 1

# NICs and disks. All other modes come to strict.
DEVICES=
nic_pair e1000e
nvme
instead() { like "$1: strict instead" "$(console)" "xen_pviommu: this Xen has no maps that yield: mode strict instead of $1"; }
vm_test drivers --amd --mode lazy --qemu-args "$DEVICES" -- drivers.sh strict 'nic:e1000e disk:nvme' ''
instead lazy
vm_test isolated --amd --mode static --linux-args xen_pviommu.isolate=1 --qemu-args "$DEVICES" -- \
    drivers.sh strict,isolated 'nic:e1000e disk:nvme' ''
instead static
done_testing
