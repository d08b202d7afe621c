#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The hypercall's ABI from dom0, by docs/iommu-op.md. Each wrong field, handle, BFN, MFN
# and order of ops gets its errno, nothing else changes, no reference is lost, and Xen
# and dom0 live on.
set -u
. "$(dirname "$0")/lib.sh"

# The attacker asks Xen for frames of its own: dom0 may grow.
room='dom0_mem=768M,max:1024M'

nvme
vm_test leaf "${ATTACKS[@]}" --no-module --xen-args "$room" --qemu-args "$DEVICES" -- \
    abi.sh fields handles claims tables frames mmio foreign batch list refs defer yield race
# The same through Xen's generic map and unmap, where no leaf table is direct.
vm_test generic "${ATTACKS[@]}" --no-module --qemu-args "$DEVICES" --xen-args "$room iommu-op=generic" -- \
    abi.sh fields claims tables frames mmio foreign batch list refs defer yield race
# An IOMMU that caches absent entries: fresh maps need a flush as well.
vm_test caching "${ATTACKS[@]}" --no-module --xen-args "$room" --qemu-args "$DEVICES -global intel-iommu.caching-mode=on" -- \
    abi.sh fields batch list refs defer yield race
# Without devices in need of the host map, the map can go.
vm_test hostmap "${ATTACKS[@]}" --no-module --xen-args "$room" -- abi.sh hostmap
vm_test hostmap-generic "${ATTACKS[@]}" --no-module --xen-args "$room iommu-op=generic" -- abi.sh hostmap
# A DIMM unknown to Linux: Xen gets the DIMM on request.
if [ "${TESTBED_XEN:-4.17}" = 4.17 ]; then
    vm_test hotadd "${ATTACKS[@]}" --no-module --xen-args "$room" \
        --qemu-args '-m 2048,slots=2,maxmem=4G -object memory-backend-ram,id=dimm,size=1G -device pc-dimm,memdev=dimm' -- \
        abi.sh hotadd
else
    skip hotadd "memory_add() of Xen $TESTBED_XEN writes to node_data, which is read-only after boot, and Xen dies"
fi
# Xen's longest work without a look at other work, by the instruction clock. Assertions
# and UBSAN need more instructions.
[ "$VM_XEN" = debug ] || vm_test bounds --no-module --icount --xen-args "$room" -- abi.sh bounds
done_testing
