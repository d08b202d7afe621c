#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Mappings that outlive their driver, in each mode, with and without the host map. dom0
# lives, a late unmap does its work, and a missing unmap is counted.
set -u
. "$(dirname "$0")/lib.sh"

"$TESTS/../scripts/install-deps" libdrm-dev >&2
program=$TEST_LOG/framebuffer
ok 'it builds' g++ -std=c++20 -O1 -Wall -Wextra -Werror -static -o "$program" "$TESTS/gpu/framebuffer.cpp"
[ -x "$program" ] || done_testing

nvme
edu
# Without a console: virtio-gpu itself now and then forgets a console's buffer, and warns.
DEVICES+=' -device virtio-gpu-pci,iommu_platform=on,disable-legacy=on'
# A small kernel has its own set of drivers. DMA_API_DEBUG warns of the first driver that goes
# with mappings left, as intended here; debug.sh counts them.
drivers=(--drivers virtio-gpu)
[ -z "$VM_KERNEL" ] || drivers=(--excuse 'cut here|DMA-API: .* pending DMA allocations|WARNING: .* dma_debug_device_change|Call Trace:')
# edu writes and reads 512 bytes of an earlier driver's, in words of 4; static revokes nothing.
declare -A faults=([strict]=256 [lazy]=256 [reuse]=256 [static]=0)
for mode in ${LATE_MODES:-strict lazy reuse static}; do
    vm_test "$mode" --no-module --trace vtd_dmar_fault --excuse '\[VT-D\]' "${drivers[@]}" --linux-args drm_kms_helper.fbdev_emulation=0 --copy "$program" --qemu-args "$DEVICES" -- late.sh "$mode"
    is "$mode: QEMU saw what was blocked, and no other fault" "$(grep -ac vtd_dmar_fault "$VM_LOG/qemu-trace.log")" "${faults[$mode]}"
done
done_testing
