#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# gpu.sh MODE: frame buffers of virtio-gpu on our path.
. /root/lib.sh
mode=$1

gpu=$(pci_of /sys/class/drm/card0)
of_gpu() { cat "/sys/bus/pci/devices/$gpu/xen_pviommu/$1"; }
# mapped: pages, when nothing waits.
mapped() { echo 1 >"$SYS/flush"; cat "$SYS/usage/mapped"; }

# are_back BEFORE: no more BFNs are mapped than before, except for other devices' work.
are_back() { [ "$(mapped)" -le $(($1 + 64)) ]; }

# buffer SIZE [PPM]...: tests/gpu/framebuffer, until the buffer exists.
buffer() {
    coproc FB { exec /root/framebuffer "$@"; }
    # The shell forgets both at the program's end.
    fb=$FB_PID
    exec {from}<&"${FB[0]}" {to}>&"${FB[1]}"
    ready "$1: there is a frame buffer"
}
ready() {
    local said=
    read -r said <&"$from"
    is "$1" "$said" ready
}
go() { echo go >&"$to"; }
# end NAME: of the program.
end() {
    local status=0
    go
    exec {to}>&- {from}<&-
    wait "$fb" || status=$?
    is "$1: it ends well" "$status" 0
}

# On the host gpu.t answers each line with its first word and a hash.
displayed() {
    local said
    said=$(host "$1")
    echo "${said%  -}"
}

# large SIZE PAGES: an invisible frame buffer.
large() {
    local before
    before=$(mapped)
    mark
    buffer "$1"
    if [ "$mode" = static ]; then
        cmp_ok "$1: the static map serves the buffer" "$(since static_hits)" -gt 0
        cmp_ok "$1: no hypercall, except for former page tables" "$(since hypercalls)" -le $((2 * $(since static_renewed)))
    else
        cmp_ok "$1: all of its pages are mapped" $(($(mapped) - before)) -ge "$2"
        is "$1: no fallback" "$(since fallbacks)" 0
    fi
    end "$1"
    ok "$1: nothing is left mapped" retry are_back "$before"
}

# pictures: 1024 x 768 is a mode of its display.
pictures() {
    local nr before
    before=$(of_gpu maps)
    buffer 1024x768 /tmp/1.ppm /tmp/2.ppm
    for nr in 1 2; do
        go
        ready "$1: picture $nr is shown"
        is "$1: the display shows picture $nr" "$(displayed "$nr")" "$nr $(sha256sum <"/tmp/$nr.ppm" | cut -d ' ' -f 1)"
    done
    cmp_ok "$1: the device maps" "$(of_gpu maps)" -gt "$before"
    end "$1"
}

is 'the driver' "$(driver_of "$gpu")" virtio-pci
is 'on our path' "$(of_gpu path), $(of_gpu mode)" "pviommu, $mode"
is 'its console' "$(cat /sys/class/graphics/fb0/name)" virtio_gpudrmfb
pictures 'with the host map'
large 4096x4096 $((4096 * 4096 / 1024))
# Statically the buffer would have more pieces than QEMU takes.
if [ "$mode" = strict ]; then
    large 8192x8192 $((8192 * 8192 / 1024))
    # The chipset's disk controller would need the host map.
    ok 'the host map can be dropped' bash -c "rmmod ahci; echo 1 >$SYS/isolate"
    pictures isolated
    large 8192x8192 $((8192 * 8192 / 1024))
fi
# Otherwise a last line comes when the machine goes down, and virtio-gpu fails.
for console in /sys/class/vtconsole/*; do
    ! grep -q 'frame buffer' "$console/name" || echo 0 >"$console/bind"
done
is 'the device is still on our path' "$(of_gpu path)" pviommu
is 'the device had no fallback' "$(of_gpu fallbacks)" 0
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
done_testing
