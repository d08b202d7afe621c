#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# virtio-gpu in a machine of 4 GiB: its frame buffers are scattered pages, and the device
# reads their mappings on the module's path. QEMU then has a dump of the display.
set -u
. "$(dirname "$0")/lib.sh"
. "$TESTS/vm/monitor.sh"

"$TESTS/../scripts/install-deps" libdrm-dev >&2
program=$TEST_LOG/framebuffer
ok 'it builds' g++ -std=c++20 -O1 -Wall -Wextra -Werror -static -o "$program" "$TESTS/gpu/framebuffer.cpp"

monitor
# shown LINE: with the hash of the display's contents.
shown() {
    local shot=$TEST_LOG/shot.ppm
    rm -f "$shot"
    qmp screendump "\"filename\": \"$shot\"" >/dev/null
    echo "$1 $(sha256sum <"$shot")"
}
answer shown

# All of a large frame buffer is in QEMU's memory, too.
DEVICES+=' -device virtio-gpu-pci,iommu_platform=on,max_hostmem=1G'
for mode in strict static; do
    vm_test "$mode" --mem 4096 --mode "$mode" --drivers virtio-gpu --qemu-args "$DEVICES" --copy "$program" -- gpu.sh "$mode"
done
done_testing
