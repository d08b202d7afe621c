#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The DMA API's calls by drivers, with native Linux' answers: in each mode, with and
# without the host map; and the time with interrupts off meanwhile.
set -u
. "$(dirname "$0")/lib.sh"

edu
nvme
for mode in strict lazy reuse static; do
    # In a mode with less below 4 GiB.
    options=()
    [ "$mode" != lazy ] || options=(--linux-args xen_pviommu.low_mb=192)
    [ "$mode" != strict ] || options=(--excuse 'on xen-swiotlb from now on')
    vm_test "$mode" --mode "$mode" "${options[@]}" --qemu-args "$DEVICES" -- dma.sh "$mode"
done

# Otherwise a timer of Xen's may be late by any time.
DEVICES=
edu
for mode in strict lazy reuse; do
    vm_test "irqs-$mode" --mode "$mode" --icount --xen-args timer_slop=1000 --qemu-args "$DEVICES" -- dma.sh "$mode" irqs
done
done_testing
