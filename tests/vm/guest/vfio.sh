#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vfio.sh DRIVER SIZE [KILLS]: two NICs on one wire are given to DPDK's testpmd, which has
# them send to each other through IOMMU mappings of VFIO. SIZE is large if the machine
# has RAM at DPDK's first address. KILLS processes die in the middle of traffic, two at a
# time. Not for virtio: QEMU keeps an unreceived frame over the device's reset, and
# writes the frame to the old ring.
. /root/lib.sh

from_vfio() {
    local port
    for port in "${PORTS[@]}"; do
        echo "$port" >"/sys/bus/pci/devices/$port/driver/unbind"
    done
}

# start OPTION...: testpmd, without huge pages, which a PV guest does not have.
start() {
    LD_LIBRARY_PATH=/root /root/dpdk-testpmd --no-huge -m 64 -l 0,1 --no-telemetry --file-prefix "t$RANDOM" \
        -d librte_mempool_ring.so.23 -d librte_net_e1000.so.23 -d librte_net_virtio.so.23 "${PORTS[@]/#/--allow=}" "$@" \
        -- --forward-mode=io --auto-start --tx-first --stats-period 1 --total-num-mbufs 4096 --rxd 256 --txd 256 \
        >/tmp/testpmd 2>&1 </dev/null &
    PID=$!
}

# within COMMAND...: the command succeeds in two minutes, while testpmd lives.
within() {
    local i
    for i in {1..240}; do
        ! "$@" || return 0
        [ -e "/proc/$PID/exe" ] || return 1
        sleep 0.5
    done
    return 1
}
flowing() { awk '/RX-packets:/ && $2 >= 5000 { found = 1 } END { exit !found }' /tmp/testpmd; }
refused() { grep -qE 'DMA remapping failed|cannot set up DMA remapping|Cannot init EAL|No probed ethernet' "${1:-/tmp/testpmd}"; }

# counted WHAT: the sum over all ports in testpmd's last report.
counted() { awk -v what="$1:" '/Accumulated forward statistics/ { on = 1 } on { for (i = 1; i < NF; i++) if ($i == what) n = $(i + 1) } END { print n + 0 }' /tmp/testpmd; }

# EAL loads no library from below a directory with write access for everybody.
chmod 755 /
modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
modprobe vfio-pci
is 'VFIO is served' "$(cat "$SYS/vfio")" 1
to_vfio "$1"
is 'two devices are VFIO'"'"'s' "$(for port in "${PORTS[@]}"; do driver_of "$port"; done | xargs)" 'vfio-pci vfio-pci'
# usage: present use, by Xen and the kernel. Each CPU has its share of the pins'
# count, and hands the share in now and then, or on request.
usage() {
    echo 1 >/proc/sys/vm/stat_refresh
    echo "$(cat "$SYS"/usage/{claims,tables,mapped} | xargs) $(awk '/^nr_foll_pin/ { n = $2 - n } END { print n }' /proc/vmstat) pinned"
}
before=$(usage)

# The kernel's taint of a root user's risky deed, and the lines with the reason.
tainted() { echo $(($(cat /proc/sys/kernel/tainted) >> 6 & 1)); }
exposed() { said "$1 while the host map stands: .* unless isolate=1 comes first; this taints"; }

# blocked: a device that VFIO claimed, without any mapping by a process, is no master of
# its bus, though software made the device one.
master() { echo $((0x$(setpci -s "${PORTS[0]}" COMMAND) >> 2 & 1)); }
blocked() {
    local pipe
    setpci -s "${PORTS[0]}" COMMAND=4:4
    is 'a device can master its bus' "$(master)" 1
    mkfifo /tmp/claim
    /root/claim "$(basename "$(readlink "/sys/bus/pci/devices/${PORTS[0]}/iommu_group")")" </tmp/claim >/tmp/claimed &
    exec {pipe}>/tmp/claim
    ok 'VFIO claims it' retry grep -q claimed /tmp/claimed
    is 'and it can no more' "$(master)" 0
    exec {pipe}>&-
    wait $!
}

# forwards NAME OPTION...: testpmd forwards, through maps with the life of the process.
forwards() {
    local hypercalls pages
    hypercalls=$(counter hypercalls) pages=$(counter pages_mapped)
    start "${@:2}"
    ok "$1: frames flow" within flowing
    kill -INT "$PID"
    wait "$PID"
    cmp_ok "$1: testpmd forwards frames" "$(counted RX-packets)" -ge 1000
    [ "$(counted RX-packets)" -ge 1000 ] || diag "$(cat /tmp/testpmd)"
    echo "# $1: $(counted RX-packets) frames; $(($(counter pages_mapped) - pages)) pages mapped, $(($(counter hypercalls) - hypercalls)) hypercalls"
    cmp_ok "$1: Xen was asked for its memory" $(($(counter pages_mapped) - pages)) -ge 16384
    is "$1: all claims, tables, maps and pins are back" "$(usage)" "$before"
}

# one PORT CORE BASE MODE: a testpmd with one of the ports, in the background.
one() {
    LD_LIBRARY_PATH=/root exec /root/dpdk-testpmd --no-huge -m 32 -l 0,1 --main-lcore "$2" --no-telemetry --file-prefix "t$BASHPID" \
        --base-virtaddr "$3" -d librte_mempool_ring.so.23 -d librte_net_e1000.so.23 -d librte_net_virtio.so.23 --allow "${PORTS[$1]}" \
        -- --forward-mode="$4" --auto-start --stats-period 1 --total-num-mbufs 2048 >"/tmp/testpmd.$1" 2>&1 </dev/null
}
sent() { awk '/TX-packets:/ { n = $2 } END { print n + 0 }' /tmp/testpmd.0; }
sent_more() { [ "$(sent)" -gt "$1" ]; }
received() { awk '/RX-packets:/ && $2 >= 1000 { found = 1 } END { exit !found }' /tmp/testpmd.1; }

# two_killed: two processes, one sends and one receives; one dies in the middle of
# traffic, and then the other.
two_killed() {
    local sender
    one 0 0 0x110000000 txonly &
    sender=$!
    one 1 1 0x120000000 rxonly &
    PID=$!
    if within received && kill -KILL $sender && kill -KILL $PID; then
        KILLED=$((KILLED + 2))
    else
        diag "$(tail -n 30 /tmp/testpmd.0 /tmp/testpmd.1)"
        kill -KILL $sender $PID
    fi
    wait $sender $PID 2>/dev/null
}

# refused_second: two processes; the second would map at the first's addresses.
refused_second() {
    local sender
    one 0 0 0x110000000 txonly &
    sender=$!
    PID=$sender
    ok 'a process sends' within sent_more 0
    one 1 1 0x110000000 rxonly &
    PID=$!
    ok "the second is refused the first's addresses" within refused /tmp/testpmd.1
    ok 'and the first goes on' within sent_more "$(sent)"
    kill -KILL $sender $PID
    wait $sender $PID 2>/dev/null
}

KILLS=${3:-0} KILLED=0
if [ "$2" = large ]; then
    # EAL starts at 4 GiB, and there is RAM.
    start
    ok 'where RAM is, DPDK is refused' within refused
    nok 'and no frames flow' flowing
    kill -INT "$PID"
    wait "$PID"
    is 'and nothing is left behind' "$(usage)" "$before"
    base=$(dmesg | sed -n 's/.*addresses from \(0x[0-9a-f]*\) on are.*/\1/p')
    forwards 'where the log says' "--base-virtaddr=$base"
else
    blocked
    is 'until a process has a device nothing is exposed' "$(tainted) $(exposed '.*')" '0 0'
    forwards 'host map'
    cmp_ok 'host map: the log names the reach of the process' "$(exposed "${PORTS[0]}")" -ge 1
    is 'host map: and the kernel is tainted' "$(tainted)" 1
    ok 'the host map goes' bash -c "echo 1 >$SYS/isolate"
    lines=$(exposed '.*')
    forwards 'no host map'
    is 'no host map: nothing is exposed' "$(exposed '.*')" "$lines"
    start
    ok 'a process has devices' within flowing
    ok 'the host map comes back under a device' bash -c "echo 0 >$SYS/isolate"
    is 'the log names the exposure' "$(exposed 'VFIO has devices')" 1
    kill -INT "$PID"
    wait "$PID"
    ok 'and goes again' bash -c "echo 1 >$SYS/isolate"
    if [ "$KILLS" -gt 0 ]; then
        refused_second
        for ((i = 0; i < KILLS; i += 2)); do two_killed; done
        is 'as many as should be were killed in the middle of traffic' "$KILLED" "$KILLS"
        is 'and left nothing behind' "$(usage)" "$before"
    fi
    forwards 'after that'
    ok 'the host map comes back' bash -c "echo 0 >$SYS/isolate"
    nok 'vfio stays on as long as VFIO has devices' bash -c "echo 0 >$SYS/vfio"
fi
from_vfio
ok 'VFIO is served no more' bash -c "echo 0 >$SYS/vfio"
nok 'nor again, as devices have drivers' bash -c "echo 1 >$SYS/vfio"
is 'the log names the driver' "$(said 'vfio=1 refused.*has the driver')" 1
rmmod ahci
ok 'the module can go' rmmod xen_pviommu
done_testing
