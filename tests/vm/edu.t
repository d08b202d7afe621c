#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The real reach of a device: the edu device's DMA, through a map and without a
# map. QEMU's own trace and Xen see the faults.
set -u
. "$(dirname "$0")/lib.sh"

edu
fault='\[VT-D\]'
vm_test strict --mode strict --qemu-args "$DEVICES" --trace vtd_dmar_fault --excuse "$fault" -- edu.sh strict
trace=$(grep -a 'vtd_dmar_fault' "$VM_LOG/qemu-trace.log")
# Blocked in `faults`: 4 writes and 1 read; in `isolated`: 2 writes and 1 read; in
# `yields`: 3 of each. A blocked DMA of 512 bytes goes by fours.
is 'QEMU saw each blocked write' "$(grep -c 'write 1$' <<<"$trace")" $((9 * 512 / 4))
is 'QEMU saw each blocked read' "$(grep -c 'write 0$' <<<"$trace")" $((5 * 512 / 4))
like 'Xen saw a blocked write' "$(console)" '\[VT-D\]DMAR:\[DMA Write\] Request device \[0000:00:[0-9a-f]+\.0\] fault addr'
like 'Xen saw a blocked read' "$(console)" '\[VT-D\]DMAR:\[DMA Read\] Request device \[0000:00:[0-9a-f]+\.0\] fault addr'
is 'only the edu device faulted' "$(console | grep -o 'Request device \[[^]]*\]' | sort -u | wc -l)" 1

for mode in lazy reuse; do
    vm_test "$mode" --mode "$mode" --qemu-args "$DEVICES" --excuse "$fault" --linux-args xen_pviommu.wait_ms=800 -- edu.sh "$mode"
done

vm_test static --mode static --qemu-args "$DEVICES" --trace vtd_dmar_fault --excuse "$fault" -- edu.sh static
is 'static: QEMU saw the blocked DMA of yields, and no other fault' "$(grep -ac vtd_dmar_fault "$VM_LOG/qemu-trace.log")" $((6 * 512 / 4))
done_testing
