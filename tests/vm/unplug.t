#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk that QEMU takes out during reads of open files, and puts in again. The host map
# is dropped, dom0 lives, and all mappings come back.
set -u
. "$(dirname "$0")/lib.sh"
. "$TESTS/vm/monitor.sh"

monitor
truncate -s 64M "$TEST_LOG/disk.img"
DEVICES+=" -device pcie-root-port,id=hole,chassis=1 -blockdev driver=raw,node-name=image,file.driver=file,file.filename=$TEST_LOG/disk.img"
DEVICES+=' -device nvme,id=first,bus=hole,drive=image,serial=first'
# plug LINE: out ID, or in ID.
plug() {
    case $1 in
        out\ *) qmp device_del "\"id\": \"${1#out }\"" ;;
        in\ *) qmp device_add "\"driver\": \"nvme\", \"id\": \"${1#in }\", \"bus\": \"hole\", \"drive\": \"image\", \"serial\": \"${1#in }\"" ;;
    esac
}
answer plug

# DMA_API_DEBUG warns of mappings that are left, which is meant here; debug.sh counts them.
excuse=()
[ -z "$VM_KERNEL" ] || excuse=(--excuse 'cut here|DMA-API: .* pending DMA allocations|WARNING: .* dma_debug_device_change|Call Trace:')
for mode in strict reuse static; do
    vm_test "$mode" --mode "$mode" "${excuse[@]}" --qemu-args "$DEVICES" -- unplug.sh
done
done_testing
