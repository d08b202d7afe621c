#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stress.sh SECONDS: traffic and verified I/O, while everything around them
# changes: modes, CPUs, the host map, memory.
. /root/lib.sh
seconds=$1

modes=(reuse lazy strict) changes=0
nic_mode() { echo "${modes[$((changes++ % 3))]}" | tee /sys/bus/pci/devices/*/xen_pviommu/mode >/dev/null; }
hotplug() { echo 0 >/sys/devices/system/cpu/cpu1/online && sleep 0.1; echo 1 >/sys/devices/system/cpu/cpu1/online; }
isolate() { echo $((RANDOM % 2)) >"$SYS/isolate"; }
flush() { echo 1 >"$SYS/flush"; }
# More than is free, for a moment: caches go, and atomic allocations fail.
pressure() {
    local free
    read -r _ free _ < <(grep MemAvailable /proc/meminfo)
    dd if=/dev/zero of=/dev/shm/hog bs=1M count=$((free / 1024 * 7 / 10)) status=none
    rm /dev/shm/hog
    echo 3 >/proc/sys/vm/drop_caches
}

# One thing after the other, at random; counts the rounds.
change() {
    local end=$((SECONDS + seconds)) what
    declare -A did=()
    # A slow host takes its time.
    while [ "$SECONDS" -lt "$end" ] || [ "${did[hotplug]:-0}" -lt 2 ]; do
        for what in nic_mode nic_mode isolate flush hotplug nic_mode flush pressure; do
            if "$what"; then did[$what]=$((${did[$what]:-0} + 1)); else fail "$what"; fi
            sleep "0.$((RANDOM % 3))"
        done
    done
    for what in "${!did[@]}"; do diag "$what ${did[$what]}"; done
    cmp_ok 'modes changed' "${did[nic_mode]}" -gt 3
    cmp_ok 'a CPU came and went' "${did[hotplug]}" -gt 1
}

# Until told to stop, as often as there is time.
rounds() { # NAME COMMAND...
    local n=0
    while [ ! -e /tmp/stop ]; do
        "${@:2}" >"/tmp/$1.log" 2>&1 || { touch "/tmp/$1.failed"; break; }
        n=$((n + 1))
    done
    echo "$n" >"/tmp/$1.rounds"
}

verify() {
    fio --name=x --filename=/dev/nvme0n1 --direct=1 --rw=randwrite --bsrange=512-256k --size=8M --ioengine=libaio \
        --iodepth=16 --verify=crc32c --do_verify=1 --verify_fatal=1 --randrepeat=0 --output=/tmp/fio
}
stream() { timeout 300 ip netns exec a iperf3 --client 10.0.0.2 --bytes 4M --window 128K --json >/tmp/iperf; }

# The chipset's disk controller would need the host map.
rmmod ahci
mapfile -t nic < <(nics e1000e)
for i in 0 1; do
    ns=$(printf '%b' "\\x$((61 + i))")
    ip netns add "$ns"
    ip link set "${nic[$i]}" netns "$ns"
    ip -n "$ns" addr add "10.0.0.$((i + 1))/24" dev "${nic[$i]}"
    ip -n "$ns" link set "${nic[$i]}" up
done
ok 'ping' retry ip netns exec a ping -c 1 -W 1 10.0.0.2
ip netns exec b iperf3 --server >/dev/null &
server=$!
mark
rounds disk verify &
disk=$!
rounds net stream &
net=$!
change
touch /tmp/stop
wait "$disk" "$net"
kill "$server"
for what in disk net; do
    cmp_ok "$what: rounds" "$(cat "/tmp/$what.rounds")" -gt 0
    ok "$what: all of them went well" test ! -e "/tmp/$what.failed"
done
[ ! -e /tmp/disk.failed ] || diag "$(tail -n 20 /tmp/fio /tmp/disk.log)"
cmp_ok 'unmaps waited' "$(since queued)" -gt 100
cmp_ok 'mappings were taken again' "$(since reuse_hits)" -gt 0
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
is 'no fallback' "$(since fallbacks)" 0
for c in $COUNTERS flush_strict flush_ride flush_full flush_timer flush_pressure flush_request; do diag "$c $(counter "$c")"; done

echo 0 >"$SYS/isolate"
for i in a b; do ip netns del "$i"; done
retry sh -c 'rmmod e1000e; ! grep -q ^e1000e /proc/modules'
ok 'the drivers go' rmmod nvme
is 'no BFN is left' "$(counter bfns_in_use)" 0
is 'nothing is left mapped' "$(cat "$SYS/usage/mapped")" 0
ok 'unload' rmmod xen_pviommu
done_testing
