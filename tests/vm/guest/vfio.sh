#!/bin/bash
# vfio.sh DRIVER SIZE [KILLS]: two NICs on one wire are given to DPDK's testpmd,
# which has them send to each other through IOMMU mappings that VFIO asks us for.
# SIZE is large if the machine has RAM where DPDK starts.
. /root/lib.sh

# to_vfio DRIVER: all of its PCI devices; in PORTS.
to_vfio() {
    local nic
    PORTS=()
    for nic in $(nics "$1"); do
        PORTS+=("$(pci_of "/sys/class/net/$nic")")
    done
    for nic in "${PORTS[@]}"; do
        echo vfio-pci >"/sys/bus/pci/devices/$nic/driver_override"
        echo "$nic" >"/sys/bus/pci/devices/$nic/driver/unbind"
        echo "$nic" >/sys/bus/pci/drivers_probe
    done
}

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

# within COMMAND...: it succeeds in two minutes, while testpmd lives.
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
refused() { grep -qE 'DMA remapping failed|cannot set up DMA remapping|Cannot init EAL|No probed ethernet' /tmp/testpmd; }

# counted WHAT: the sum over all ports that testpmd says at its end.
counted() { awk -v what="$1:" '/Accumulated forward statistics/ { on = 1 } on { for (i = 1; i < NF; i++) if ($i == what) n = $(i + 1) } END { print n + 0 }' /tmp/testpmd; }

# EAL loads no library from below a directory that anybody may write to.
chmod 755 /
modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
modprobe vfio-pci
is 'VFIO is served' "$(cat "$SYS/vfio")" 1
to_vfio "$1"
is 'two devices are VFIO'"'"'s' "$(for port in "${PORTS[@]}"; do driver_of "$port"; done | xargs)" 'vfio-pci vfio-pci'
# usage: what Xen and the kernel say is in use. Each CPU has its share of the pins'
# count, and hands it in now and then, or when asked.
usage() {
    echo 1 >/proc/sys/vm/stat_refresh
    echo "$(cat "$SYS"/usage/{claims,tables,mapped} | xargs) $(awk '/^nr_foll_pin/ { n = $2 - n } END { print n }' /proc/vmstat) pinned"
}
before=$(usage)

# forwards NAME OPTION...: testpmd does, through maps that are there only as long as it is.
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

# killed: it dies in the middle of traffic.
killed() {
    start
    within flowing || diag "$(cat /tmp/testpmd)"
    kill -KILL "$PID"
    wait "$PID" 2>/dev/null
}

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
    forwards 'host map'
    ok 'the host map goes' bash -c "echo 1 >$SYS/isolate"
    forwards 'no host map'
    for ((i = 0; i < ${3:-5}; i++)); do killed; done
    is 'killed in the middle of traffic, it leaves nothing behind' "$(usage)" "$before"
    forwards 'after that'
    ok 'the host map comes back' bash -c "echo 0 >$SYS/isolate"
    nok 'VFIO is served as long as it has devices' bash -c "echo 0 >$SYS/vfio"
fi
from_vfio
ok 'VFIO is served no more' bash -c "echo 0 >$SYS/vfio"
nok 'nor again, as devices have drivers' bash -c "echo 1 >$SYS/vfio"
is 'of which the log tells' "$(said 'vfio=1 refused.*has the driver')" 1
rmmod ahci
ok 'the module can go' rmmod xen_pviommu
done_testing
