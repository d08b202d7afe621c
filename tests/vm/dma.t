#!/usr/bin/env bash
# What drivers ask of the DMA API, and native Linux gives: in each mode, with and
# without the host map; and for how long interrupts are off meanwhile.
set -u
. "$(dirname "$0")/lib.sh"

edu
nvme
for mode in strict lazy reuse static; do
    vm_test "$mode" --mode "$mode" --qemu-args "$DEVICES" -- dma.sh "$mode"
done

# A timer of Xen's may be as late as it likes, otherwise.
DEVICES=
edu
for mode in strict lazy reuse; do
    vm_test "irqs-$mode" --mode "$mode" --icount --xen-args timer_slop=1000 --qemu-args "$DEVICES" -- dma.sh "$mode" irqs
done
done_testing
