#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# late.sh MODE: drivers go, and unmap afterwards or never: an open character device,
# pages in a socket's queue, a frame buffer, a failed probe, a removed device. Pages are
# freed while mapped. dom0 lives, and all is back.
. /root/lib.sh
mode=$1
LATE=/sys/module/late_test/parameters

of() { cat "$PCI/devices/$1/xen_pviommu/$2"; }

# churn NAME: free memory becomes page tables, and is written.
churn() {
    local i pids
    for _ in 1 2; do
        pids=()
        for ((i = 0; i < 100; i++)); do
            sleep 60 &
            pids+=($!)
        done
        kill "${pids[@]}"
        wait "${pids[@]}"
        dd if=/dev/zero of=/dev/shm/fill bs=1M count=$(($(awk '/MemAvailable/ { print $2 }' /proc/meminfo) * 7 / 10 / 1024)) status=none
        rm /dev/shm/fill
    done 2>/dev/null
    ok "$1: processes and memory afterwards" /bin/true
}

# --- an open character device

open_device() {
    local before disk
    before=$(state)
    modprobe nvme
    retry test -b /dev/nvme0n1
    disk=$(pci 1b36:0010)
    exec 5</dev/nvme0
    unbind "$disk"
    cmp_ok "$1: nvme: mappings are left while its file is open" "$(counter leftover)" -gt 0
    is "$1: nvme: its driver is gone" "$(counter devices)" 0
    is "$1: nvme: the device says how many" "$(of "$disk" leftover)" "$(counter leftover)"
    is "$1: nvme: and the log" "$(dmesg | grep -cE "$disk: xen_pviommu: $(counter leftover) mappings are left")" "$2"
    exec 5<&-
    comes_to "$1: nvme: all is back when it is closed" "$before"
    bind "$disk"
    ok "$1: nvme: bound again" retry test -b /dev/nvme0n1
    is "$1: nvme: nothing is left of before" "$(of "$disk" leftover)" 0
    rmmod nvme
    comes_to "$1: nvme: all is back" "$before"
}

# --- pages in flight, and mappings of each kind

pages_in_flight() {
    local before
    before=$(state)
    bind "$EDU"
    echo 64 >"$LATE/pool"
    echo 1 >"$LATE/keep"
    unbind "$EDU"
    cmp_ok "$1: edu: pages of its page_pool are left, and the rest" "$(counter leftover)" -ge 4
    if [ "$mode" != static ]; then cmp_ok "$1: edu: they are mapped" "$(cat "$SYS/usage/mapped")" -ge 2048; fi
    echo 1 >"$LATE/finish"
    comes_to "$1: edu: all is back when they come" "$before"
}

# Of the four mappings that a driver keeps. Nothing is revoked in the static map, where all are
# but the coherent memory of 8 MiB, whose pages are scattered.
revocable=4
[ "$mode" != static ] || revocable=1

failed_probe() {
    local before revoked
    before=$(state)
    revoked=$(counter revoked)
    echo 1 >"$LATE/fail"
    bind "$EDU" 2>/dev/null
    is "$1: a failed probe that keeps mappings" "$(counter leftover) of $(counter devices)" '4 of 0'
    echo 0 >"$LATE/fail"
    bind "$EDU"
    is "$1: they are not the next driver's" "$(of "$EDU" leftover) of $(counter devices)" '4 of 1'
    is "$1: which took them from the device" "$(($(counter revoked) - revoked))" "$revocable"
    echo 1 >"$LATE/finish"
    unbind "$EDU"
    comes_to "$1: all is back, though it came between" "$before"
}

# taken_away NAME: by software, as by hot unplug. Then the device comes again.
taken_away() {
    local before revoked
    before=$(state)
    revoked=$(counter revoked)
    bind "$EDU"
    echo 1 >"$LATE/keep"
    echo 1 >"$PCI/devices/$EDU/remove"
    is "$1: a removed device leaves its mappings" "$(counter leftover) of $(counter devices)" '4 of 0'
    is "$1: and loses them" "$(($(counter revoked) - revoked))" "$revocable"
    echo 1 >"$PCI/rescan"
    retry test -e "$PCI/devices/$EDU/driver"
    is "$1: the next device in its place has none of them" "$(of "$EDU" leftover)" 0
    echo 1 >"$LATE/finish"
    is "$1: the late unmaps take nothing from the next device" "$(counter leftover) of $(counter devices)" '0 of 1'
    unbind "$EDU"
    comes_to "$1: all is back, though the device is not" "$before"
}

# --- VFIO has the device next

for_vfio() {
    local before
    before=$(state)
    bind "$EDU"
    echo 1 >"$LATE/keep"
    unbind "$EDU"
    echo 1 >"$SYS/vfio"
    echo vfio-pci >"$PCI/devices/$EDU/driver_override"
    bind "$EDU"
    is "$1: vfio-pci has the device, with mappings left" "$(driver_of "$EDU") $(of "$EDU" leftover)" 'vfio-pci 4'
    echo 1 >"$LATE/finish"
    unbind "$EDU"
    echo >"$PCI/devices/$EDU/driver_override"
    echo 0 >"$SYS/vfio"
    comes_to "$1: all is back behind VFIO" "$before"
}

# --- a frame buffer

frame_buffer() {
    local before gpu holder word
    if ! modinfo virtio-gpu >/dev/null 2>&1; then
        skip "$1: virtio-gpu" 'this kernel has no such driver'
        return
    fi
    before=$(state)
    modprobe -a virtio_pci virtio-gpu
    gpu=$(pci 1af4:1050)
    retry test -e /dev/dri/card0
    coproc HOLDER { exec /root/framebuffer 1024x768; }
    holder=$HOLDER_PID
    read -r -t 60 word <&"${HOLDER[0]}"
    is "$1: virtio-gpu: has a frame buffer" "$word" ready
    unbind "$gpu"
    cmp_ok "$1: virtio-gpu: mappings are left while its file is open" "$(counter leftover)" -gt 0
    eval "exec ${HOLDER[1]}>&-"
    wait "$holder"
    comes_to "$1: virtio-gpu: all is back when it is closed" "$before"
    rmmod virtio_gpu virtio_pci
}

# --- a driver that forgets

forgotten() {
    local before
    bind "$EDU"
    before=$(counter leftover)
    echo 2048 >"$LATE/leak"
    unbind "$EDU"
    is "$1: forgotten mappings are counted" $(($(counter leftover) - before)) 2048
    churn "$1: after a driver that forgot"
    [ "$mode" != static ] || return
    before=$(counter revoked)
    bind "$EDU"
    is "$1: the next driver's device loses it" $(($(counter revoked) - before)) 2048
    is "$1: but what became page tables, or left dom0, all is as if it had" "$(cat "$SYS/usage/yielded")" 2048
    unbind "$EDU"
    is "$1: it is revoked once" $(($(counter revoked) - before)) 2048
    is "$1: and counted still" "$(of "$EDU" leftover)" 2048
}

# --- the reach of a device into memory of an earlier driver

reached() {
    local before
    rmmod late_test
    modprobe edu_test
    before=$(counter leftover)
    group edu_test/forgotten "$1: while its driver is there"
    unbind "$EDU"
    bind "$EDU"
    group edu_test/forgotten "$1: with the next driver"
    rmmod edu_test
    is "$1: its unmap came late" "$(counter leftover)" "$before"
    modprobe late_test
}

# All devices in need of the host map.
for module in ahci nvme virtio_gpu virtio_pci; do
    [ ! -d "/sys/module/$module" ] || rmmod "$module"
done
modprobe late_test
modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
modprobe vfio-pci
EDU=$(pci 1234:11e8)

# A mapping from before the module, with its unmap after the device is served.
echo 1 >"$LATE/keep"
unbind "$EDU"
modprobe xen_pviommu mode="$mode"
before=$(state)
bind "$EDU"
echo 1 >"$LATE/finish"
is 'earlier mappings of xen-swiotlb are not counted' "$(state)" "$before"
ok 'and no reason to keep the host map' bash -c "echo 1 >$SYS/isolate"
ok 'which comes back' bash -c "echo 0 >$SYS/isolate"
unbind "$EDU"

scenarios() {
    open_device "$1" "$2"
    pages_in_flight "$1"
    failed_probe "$1"
    taken_away "$1"
    frame_buffer "$1"
    churn "$1"
}
scenarios "$mode" 1
ok 'isolate' bash -c "echo 1 >$SYS/isolate"
scenarios isolated 2
for_vfio isolated
[ "$mode" = static ] || reached isolated
comes_to 'after all that, nothing is left' "$before"
forgotten "$mode"
# Each scenario of each round but the frame buffer's, for_vfio and forgotten: see debug.sh.
echo '2048 11' >/tmp/left-behind
is 'no BFN leaked' "$(counter leaked)" 0
is 'no page table was refused' "$(dmesg | grep -c 'multicall(s) failed')" 0
done_testing
