#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# AMD-Vi, as QEMU's amd-iommu has it: the ABI, the reach of a device, and drivers, in every
# mode. With iommu-op=generic, Xen's own map and unmap carry the ops, and every device is strict.
set -u
. "$(dirname "$0")/lib.sh"

# The ABI. The attacker asks Xen for frames of its own: dom0 may grow.
room='dom0_mem=768M,max:1024M'
vm_test abi --amd "${ATTACKS[@]}" --no-module --xen-args "$room" -- \
    abi.sh fields claims tables frames mmio foreign batch list refs defer yield race hostmap
vm_test abi-generic --amd "${ATTACKS[@]}" --no-module --xen-args "$room iommu-op=generic" -- \
    abi.sh fields claims tables batch refs defer yield race hostmap

# The reach of a device.
edu
fault=(--excuse 'AMD-Vi: .*PAGE_FAULT')
traces=(--trace amdvi_translation_result --trace amdvi_completion_wait_fail --trace amdvi_unhandled_command)
# Without a translation QEMU's result is address 0. A page that is mapped to be read has its
# address. A blocked DMA of 512 bytes goes by fours.
blocked() { is "$1: QEMU translated no blocked DMA" "$(grep -ac 'devid: .* hpa 0x0$' "$VM_LOG/qemu-trace.log")" $(($2 * 512 / 4)); }
commands() { is "$1: QEMU knows each command" "$(grep -aE 'amdvi_(completion_wait_fail|unhandled_command)' "$VM_LOG/qemu-trace.log")" ''; }

vm_test edu --amd --mode strict --qemu-args "$DEVICES" "${traces[@]}" "${fault[@]}" -- edu.sh strict
like 'Xen drives AMD-Vi' "$(console)" 'AMD-Vi: IOMMU 0 Enabled'
# For 3 writes and 1 read of `faults`, 2 writes and 1 read of `isolated`, 3 of each of `yields`.
blocked strict $((4 + 3 + 6))
commands strict
is 'only the edu device was blocked' "$(grep -a 'hpa 0x0$' "$VM_LOG/qemu-trace.log" | grep -o 'devid: [^ ]*' | sort -u | wc -l)" 1
for mode in lazy reuse; do
    vm_test "$mode" --amd --mode "$mode" --qemu-args "$DEVICES" "${fault[@]}" --linux-args xen_pviommu.wait_ms=800 -- edu.sh "$mode"
done
vm_test static --amd --mode static --qemu-args "$DEVICES" "${traces[@]}" "${fault[@]}" -- edu.sh static
blocked static 6
commands static
vm_test generic --amd --mode lazy --qemu-args "$DEVICES" --xen-args iommu-op=generic "${traces[@]}" "${fault[@]}" -- edu.sh strict held
blocked generic $((4 + 3))
like 'generic: strict instead of lazy' "$(console)" 'xen_pviommu: this Xen has no maps that yield: mode strict instead of lazy'

# NICs and disks.
DEVICES=
nic_pair e1000e
nvme
for mode in strict lazy reuse static; do
    vm_test "drivers-$mode" --amd --mode "$mode" --linux-args xen_pviommu.isolate=1 --qemu-args "$DEVICES" -- \
        drivers.sh "$mode,isolated" 'nic:e1000e disk:nvme' ''
done
done_testing
