#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# /dev/xen-pviommu: processes map their own memory. tests/device runs in the
# machine.
set -u
. "$(dirname "$0")/lib.sh"

root=$(cd "$TESTS/.." && pwd)
program=$TEST_LOG/device
ok 'it builds' g++ -std=c++20 -O1 -Wall -Wextra -Werror -static -I"$root/kernel/xen-pviommu/uapi" -o "$program" \
    "$TESTS"/device/*.cpp
[ -x "$program" ] || done_testing

vm_test interface --mode strict --copy "$program" -- device.sh fields ops
vm_test life --mode lazy --copy "$program" -- device.sh life ring fuzz

edu
vm_test dma --mode strict --copy "$program" --qemu-args "$DEVICES" --trace vtd_dmar_fault --excuse '\[VT-D\]' -- device.sh dma
# A blocked DMA of 512 bytes goes by fours.
trace=$(grep -a 'vtd_dmar_fault' "$VM_LOG/qemu-trace.log")
is 'QEMU saw each blocked write' "$(grep -c 'write 1$' <<<"$trace")" $((3 * 512 / 4))
is 'QEMU saw each blocked read' "$(grep -c 'write 0$' <<<"$trace")" $((3 * 512 / 4))

# The log names each BFN that failed and each page that stays.
vm_test broken --mode strict --copy "$program" --excuse 'xen_pviommu: .*(never used again|stay pinned|left over)' -- device.sh broken
done_testing
