# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# In dom0: shared by the guests' test scripts.

. /root/tap.sh

SYS=/sys/kernel/xen_pviommu
DEBUG=/sys/kernel/debug

counter() { cat "$SYS/counters/$1"; }

# group FILE PREFIX: a file in debugfs with TAP.
group() { relay "$2" < <(cat "$DEBUG/$1"); }

# The log's line with xen_pviommu's decision, and the number of such lines.
said() { dmesg | grep -cE "xen_pviommu: .*$1"; }

# pci_of PATH: the last PCI device on the way to something in sysfs.
pci_of() { readlink -f "$1" | grep -oE '[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]' | tail -n 1; }

driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver")"; }

# unbind PCI..., bind PCI...: devices lose their driver, and get one.
PCI=/sys/bus/pci
unbind() {
    local dev
    for dev; do
        [ ! -e "$PCI/devices/$dev/driver" ] || echo "$dev" >"$PCI/devices/$dev/driver/unbind"
    done
}
bind() { local dev; for dev; do echo "$dev" >"$PCI/drivers_probe"; done; }

# pci VENDOR:DEVICE: the PCI devices.
pci() {
    local dev
    for dev in "$PCI/devices"/*; do
        [ "$(sed 's/^0x//' "$dev/vendor"):$(sed 's/^0x//' "$dev/device")" != "$1" ] || basename "$dev"
    done
}

# early: PCI devices whose driver came before the module. Drivers in the kernel do.
early() {
    local dev
    for dev in "$PCI/devices"/*; do
        [ ! -e "$dev/driver" ] || [ -e "$dev/xen_pviommu" ] || [ "$(driver_of "${dev##*/}")" = pcieport ] || echo "${dev##*/}"
    done
}

# nics DRIVER, disks DRIVER: those behind PCI devices of the driver.
nics() { behind net "$1"; }
disks() { behind block "$1"; }
behind() {
    local entry pci
    for entry in "/sys/class/$1"/*; do
        [ -e "$entry/device" ] || continue
        pci=$(pci_of "$entry")
        [ -n "$pci" ] && [ "$(driver_of "$pci")" = "$2" ] && basename "$entry"
    done
}

# to_vfio DRIVER: all of its PCI devices; in PORTS.
to_vfio() {
    local nic
    PORTS=()
    for nic in $(nics "$1"); do
        PORTS+=("$(pci_of "/sys/class/net/$nic")")
    done
    for nic in "${PORTS[@]}"; do
        echo vfio-pci >"/sys/bus/pci/devices/$nic/driver_override"
        unbind "$nic"
        bind "$nic"
    done
}

# blob SIZE_MB FILE: random bytes. Prints their hash.
blob() {
    dd if=/dev/urandom of="$2" bs=1M count="$1" status=none
    [ "$(stat -c %s "$2")" -eq $(($1 << 20)) ] || echo "no $1 MiB in $2"
    sha256sum <"$2"
}

retry() {
    local i
    for i in {1..100}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    echo "no success in $i tries: $*"
    return 1
}

# state: mappings, BFNs and leftovers. The static map loses pages and regains them, so
# its number says nothing about drivers.
state() {
    local mapped=''
    echo 1 >"$SYS/flush"
    [ "$(cat "$SYS/mode")" = static ] || mapped="$(cat "$SYS/usage/mapped") mapped, "
    echo "$mapped$(counter bfns_in_use) BFNs, $(counter leftover) left"
}
# comes_to NAME STATE: within a while.
comes_to() {
    local i
    for i in {1..40}; do
        [ "$(state)" != "$2" ] || break
        sleep 0.25
    done
    is "$1" "$(state)" "$2"
}

# host LINE: the host's answer, through tests/vm/monitor.sh.
host() {
    local said
    [ -n "${HOST-}" ] || { stty -F /dev/ttyS1 raw -echo; exec {HOST}<>/dev/ttyS1; }
    echo "$1" >&"$HOST"
    read -r said <&"$HOST"
    echo "$said"
}

# traffic DRIVER: two NICs on one wire, each in a namespace, so that all goes over the wire.
traffic() {
    local nic sum port=0 i
    mapfile -t nic < <(nics "$1")
    is "$1: two NICs" "${#nic[@]}" 2
    [ "${#nic[@]}" -eq 2 ] || return
    for i in 0 1; do
        ip netns add "$1-$i"
        ip link set "${nic[$i]}" netns "$1-$i"
        ip -n "$1-$i" addr add "10.0.0.$((i + 1))/24" dev "${nic[$i]}"
        ip -n "$1-$i" link set lo up
        ip -n "$1-$i" link set "${nic[$i]}" up
    done
    ok "$1: ping" retry ip netns exec "$1-0" ping -c 1 -W 1 10.0.0.2

    # One stream each way. The receiver does not count bytes still under way when the
    # sender has sent enough: a little with this window, without up to 10 MB.
    for i in '' --reverse; do
        port=$((port + 1))
        ip netns exec "$1-1" iperf3 --server --one-off --port "$port" >/dev/null &
        retry ip netns exec "$1-1" bash -c "ss -ltn | grep -q ':$port '"
        ip netns exec "$1-0" iperf3 --client 10.0.0.2 --port "$port" --bytes 8M --window 128K $i --json >/tmp/iperf
        cmp_ok "$1: iperf3 $i" "$(jq '.end.sum_received.bytes' /tmp/iperf)" -ge 7000000
        wait
    done

    sum=$(blob 4 /tmp/sent)
    ip netns exec "$1-1" nc -l 5000 >/tmp/received &
    retry ip netns exec "$1-1" bash -c 'ss -ltn | grep -q ":5000 "'
    ip netns exec "$1-0" nc -N 10.0.0.2 5000 </tmp/sent
    wait
    is "$1: a file over the wire" "$(sha256sum </tmp/received)" "$sum"
    for i in 0 1; do
        ip netns del "$1-$i"
    done
}

# files DISK NAME: a file system on the disk; reads come from the disk.
files() {
    local at=/mnt/$1 sum
    mkdir -p "$at"
    ok "$2: mkfs" mkfs.ext4 -q -F "/dev/$1"
    ok "$2: mount" mount -t ext4 "/dev/$1" "$at"
    sum=$(blob 8 "$at/file")
    sync
    ok "$2: umount" umount "$at"
    echo 3 >/proc/sys/vm/drop_caches
    ok "$2: mount again" mount -t ext4 "/dev/$1" "$at"
    is "$2: the file is right" "$(sha256sum <"$at/file")" "$sum"
    umount "$at"
}

# blocks DISK NAME: scattered direct I/O, each block verified.
blocks() {
    ok "$2: fio verifies" fio --name=x --filename="/dev/$1" --direct=1 --rw=randwrite --bsrange=4k-128k --size=8M \
        --ioengine=libaio --iodepth=8 --verify=crc32c --do_verify=1 --verify_fatal=1 --output=/tmp/fio
}

# disk DRIVER [COUNT]: everything with all disks behind the driver.
disk() {
    local d list n=0
    list=$(disks "$1")
    is "$1: disks" "$(wc -w <<<"$list")" "${2:-1}"
    for d in $list; do
        n=$((n + 1))
        blocks "$d" "$1 $n"
        files "$d" "$1 $n"
    done
}

# The counters before a piece of work, and their right values behind the work.
declare -A BEFORE
COUNTERS='maps unmaps pages_mapped hypercalls flushes queued reuse_hits fallbacks static_hits static_misses static_renewed errors leaked stale'
mark() { local c; for c in $COUNTERS; do BEFORE[$c]=$(counter "$c"); done; }
since() { echo $(($(counter "$1") - BEFORE[$1])); }
