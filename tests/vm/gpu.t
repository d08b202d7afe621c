#!/usr/bin/env bash
# virtio-gpu in a machine of 4 GiB: its frame buffers are scattered pages, which the
# device reads where our path maps them. QEMU says what the display shows then.
set -u
. "$(dirname "$0")/lib.sh"

"$TESTS/../scripts/install-deps" libdrm-dev >&2
program=$TEST_LOG/framebuffer
ok 'it builds' g++ -std=c++20 -O1 -Wall -Wextra -Werror -static -o "$program" "$TESTS/gpu/framebuffer.cpp"

# Two pipes, each a pair of files to QEMU: dom0's second serial port, and QMP.
for pipe in serial qmp; do
    rm -f "$TEST_LOG/$pipe".{in,out}
    mkfifo "$TEST_LOG/$pipe".{in,out}
done
exec {serial_out}<>"$TEST_LOG/serial.out" {serial_in}<>"$TEST_LOG/serial.in"
exec {qmp_out}<>"$TEST_LOG/qmp.out" {qmp_in}<>"$TEST_LOG/qmp.in"

# qmp COMMAND [ARGUMENTS]: waits for its end.
qmp() {
    local said
    printf '{"execute": "%s", "arguments": {%s}}\n' "$1" "${2-}" >&"$qmp_in"
    while read -r said <&"$qmp_out"; do
        case $said in *'"return"'* | *'"error"'*) return ;; esac
    done
}
# For each line of dom0's: the hash of what the display shows.
displays() {
    local asked shot=$TEST_LOG/shot.ppm
    while read -r asked <&"$serial_out"; do
        rm -f "$shot"
        qmp qmp_capabilities
        qmp screendump "\"filename\": \"$shot\""
        echo "$asked $(sha256sum <"$shot")" >&"$serial_in"
    done
}
displays &
watcher=$!
trap 'kill $watcher' EXIT

# All of a large frame buffer is in QEMU's memory, too.
DEVICES="-device virtio-gpu-pci,iommu_platform=on,max_hostmem=1G -serial pipe:$TEST_LOG/serial
    -chardev pipe,id=shots,path=$TEST_LOG/qmp -mon chardev=shots,mode=control"
for mode in strict static; do
    vm_test "$mode" --mem 4096 --mode "$mode" --drivers virtio-gpu --qemu-args "$DEVICES" --copy "$program" -- gpu.sh "$mode"
done
done_testing
