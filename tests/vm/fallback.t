#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Where Xen refuses, dom0 boots, its drivers work on xen-swiotlb, the log says
# why, exactly once, and no op but the query is issued.
set -u
. "$(dirname "$0")/lib.sh"

nic_pair e1000e
nvme
# The attacker asks Xen for frames of its own: dom0 may grow.
room='dom0_mem=768M,max:1024M'
# refusal NAME LINE ERRNO WHY OPTION...
refusal() {
    vm_test "$1" --xen-args "$room" --qemu-args "$DEVICES" "${@:5}" -- fallback.sh "$2" "$3" "$4"
}

refusal need_iommu 'need_iommu is set \(dom0-iommu=strict\): Xen maintains the map, xen-swiotlb stays in charge$' -13 5 \
    --xen-args dom0-iommu=strict
refusal passthrough 'DMA bypasses translation \(dom0-iommu=passthrough\): xen-swiotlb stays in charge$' -95 4 \
    --xen-args dom0-iommu=passthrough
refusal no-iommu 'Xen has no IOMMU for this domain: xen-swiotlb stays in charge$' -95 3 --xen-args iommu=no
refusal unpatched 'this Xen has no iommu_op: xen-swiotlb stays in charge$' -38 0 --unpatched-xen
done_testing
