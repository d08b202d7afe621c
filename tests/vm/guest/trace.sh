#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# trace.sh: in each mode a disk is read while every event is recorded. The events
# are summed up, and compared with the counters.
. /root/lib.sh

T=/sys/kernel/tracing
mountpoint -q $T || mount -t tracefs tracefs $T
counters=(maps unmaps pages_mapped pages_unmapped hypercalls ops fallbacks reuse_hits static_hits
    flush_strict flush_ride flush_full flush_timer flush_pressure flush_request)

all() { local c; for c in "${counters[@]}"; do echo "$c $(counter "$c")"; done; }

# The same from a trace: events by their names, and the sums of fields.
tell() {
    awk -v names="${counters[*]}" '
        { event = ""; delete f }
        {
            for (i = 1; i <= NF; i++) {
                if ($i ~ /^pviommu_[a-z_]+:$/) event = substr($i, 9, length($i) - 9)
                else if (event != "" && split($i, kv, "=") == 2) f[kv[1]] = kv[2]
            }
        }
        event == "map" { n["maps"]++; if (f["by"] == "static") n["static_hits"]++ }
        event == "unmap" { n["unmaps"]++ }
        event == "reuse_hit" { n["reuse_hits"]++ }
        event == "fallback" { n["fallbacks"]++ }
        event == "flush" { n["flush_" f["reason"]]++ }
        event == "batch" {
            n["hypercalls"]++; n["ops"] += f["maps"] + f["unmaps"] + f["others"]
            n["pages_mapped"] += f["mapped"]; n["pages_unmapped"] += f["unmapped"]
        }
        END { split(names, order, " "); for (i = 1; i in order; i++) print order[i], n[order[i]] + 0 }
    ' "$1"
}

rmmod ahci nvme
echo 8192 >$T/buffer_size_kb
for mode in strict lazy reuse static; do
    modprobe xen_pviommu mode=$mode
    modprobe nvme
    retry test -b /dev/nvme0n1
    sleep 0.5
    echo >$T/trace
    echo 1 >$T/events/xen_pviommu/enable
    all >/tmp/before
    for size in 4k 64k 1M; do dd if=/dev/nvme0n1 of=/dev/null bs=$size count=40 iflag=direct status=none; done
    # Waiting unmaps have their timer, then all is quiet.
    sleep 0.5
    echo 1 >$SYS/flush
    all >/tmp/after
    echo 0 >$T/events/xen_pviommu/enable
    grep pviommu_ $T/trace >/tmp/trace
    is "$mode: nothing is lost" "$(cat $T/per_cpu/cpu*/stats | awk '/overrun|dropped/ { n += $NF } END { print n }')" 0
    is "$mode: the events agree with the counters" "$(tell /tmp/trace)" \
        "$(paste -d' ' /tmp/before /tmp/after | awk '{ print $1, $4 - $2 }')"
    cmp_ok "$mode: there was something to say" "$(grep -c 'pviommu_map:' /tmp/trace)" -ge 120
    rmmod nvme
    rmmod xen_pviommu
done
is 'a batch has its time' "$(grep -c 'ns=0$' /tmp/trace)" 0
done_testing
