#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dpdk.sh: pviommu-pmd moves verified frames over two e1000e, and over two virtio-net,
# under VFIO; with each mapping, and with stale descriptors.
. /root/lib.sh

# bench OPTION...: the output is in /tmp/bench.
bench() {
    rm -f /tmp/bench.json
    LD_LIBRARY_PATH=/root timeout 500 /root/pviommu-pmd --port "${PORTS[0]},${PORTS[1]}" \
        "${DRIVERS[@]/#/--driver=}" --warmup 300 "$@" >/tmp/bench 2>&1 </dev/null
}
# value FILTER: of the results.
value() { jq -r ".results[] | $1" /tmp/bench.json; }
# A claim has its leaf tables to its end.
usage() {
    echo 1 >/proc/sys/vm/stat_refresh
    echo "$(cat "$SYS"/usage/{claims,mapped} | xargs) $(awk '/^nr_foll_pin/ { n = $2 - n } END { print n }' /proc/vmstat) pinned"
}

# moves DRIVER PACKETS MODES MAPPINGS: verified, at bursts of 1 and 32.
moves() {
    local before
    # Its device's driver has gone, or come.
    before=$(usage)
    ok "$1: frames come as they were sent" bench --mode "$3" --mapping "$4" --burst 1,32 --packets "$2" --json /tmp/bench.json
    echo "# $1"
    sed 's/^/# /' /tmp/bench
    is "$1: all of them were measured" "$(value .packets | awk -v n="$2" '$1 < n' | wc -l):$(value .mode | wc -l)" \
        "0:$((2 * $(tr , '\n' <<<"$3" | wc -l) * $(tr , '\n' <<<"$4" | wc -l)))"
    is "$1: static makes no hypercall" "$(value 'select(.mapping == "none").hypercalls' | sort -u | xargs)" 0
    is "$1: a burst of 32 makes one in 16 packets at most" \
        "$(value 'select(.mapping == "burst" and .burst == 32) | .hypercalls * 16 <= .packets' | sort -u)" true
    # Drivers return sent buffers many at a time.
    is "$1: one op a hypercall makes some two a packet" \
        "$(value 'select(.mapping == "single") | .hypercalls / .packets | round' | sort -u)" 2
    is "$1: all claims, maps and pins are back" "$(usage)" "$before"
}

# stale WAY: the process uses a returned buffer.
stale() {
    ok "stale $1: the run goes on" bench --stale "$1"
    sed "s/^/# $1: /" /tmp/bench
    like "stale $1: the buffer is unchanged, and frames flow" "$(cat /tmp/bench)" '^untouched, and [0-9]{4} frames after it$'
}

# EAL loads no library from below a directory with write access for everybody.
chmod 755 /
mapfile -t DRIVERS < <(cd /root && ls librte_mempool_ring.so.* librte_net_*.so.*)
modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
modprobe vfio-pci
to_vfio e1000e
moves e1000e 400 rx,tx,forward none,burst,vfio,single
ok 'the host map goes' bash -c "echo 1 >$SYS/isolate"
moves 'e1000e, no host map' 400 forward none,burst,vfio,single
stale tx
stale rx
ok 'the host map comes back' bash -c "echo 0 >$SYS/isolate"
E1000E=("${PORTS[@]}")
to_vfio virtio-pci
moves virtio-net 400 tx,forward none,burst,vfio,single
for port in "${PORTS[@]}" "${E1000E[@]}"; do
    echo "$port" >"/sys/bus/pci/devices/$port/driver/unbind"
done
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
ok 'VFIO is served no more' bash -c "echo 0 >$SYS/vfio"
rmmod ahci
ok 'the module can go' rmmod xen_pviommu
done_testing
