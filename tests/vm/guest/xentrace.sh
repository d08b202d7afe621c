#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# xentrace.sh: in two modes a disk is read while Xen records its class of events for
# iommu_op. Their sums are compared with the module's counters.
. /root/lib.sh

BATCH=0x01001001 FLUSH=0x01001002
counters=(hypercalls ops pages_mapped pages_unmapped)
all() { local c; for c in "${counters[@]}"; do echo "$c $(counter "$c")"; done; }

# records FILE: a line for each, its number and its words. In the file a word has
# the number, how many words follow, and whether the time is between.
records() {
    od -An -v -t u4 -w4 "$1" | awk -v time=$((1 << 31)) -v words=$((1 << 28)) '
        left > 0 { if (skip > 0) skip--; else line = line " " $1; if (!--left) print line; next }
        {
            skip = $1 >= time ? 2 : 0
            left = int($1 / words) % 8 + skip
            line = sprintf("0x%08x", $1 % words)
            if (!left) print line
        }'
}

# The counters, from the records of batches: slots, done, ops, failed, mapped, unmapped, error.
tell() {
    awk -v batch=$BATCH '
        $1 == batch { calls += $2 == $3; ops += $4; mapped += $6; unmapped += $7 }
        END { print "hypercalls", calls + 0; print "ops", ops + 0; print "pages_mapped", mapped + 0; print "pages_unmapped", unmapped + 0 }' "$1"
}
nr() { grep -c "^$1" /tmp/records; }

modprobe xen-privcmd
modprobe xen-evtchn
[ -e /dev/xen ] || mkdir /dev/xen
rmmod ahci nvme
for mode in strict lazy; do
    modprobe xen_pviommu mode=$mode
    modprobe nvme
    retry test -b /dev/nvme0n1
    sleep 0.5
    /root/xentrace -D -S 256 -s 20 -e 0x0100f000 /tmp/trace >/tmp/xentrace 2>&1 &
    retry test -s /tmp/trace
    all >/tmp/before
    for size in 4k 64k 1M; do dd if=/dev/nvme0n1 of=/dev/null bs=$size count=40 iflag=direct status=none; done
    sleep 0.5
    echo 1 >"$SYS/flush"
    all >/tmp/after
    # xentrace looks every 20 ms.
    sleep 1
    kill -INT $!
    wait $!
    records /tmp/trace >/tmp/records
    is "$mode: the buffer agrees with the counters" "$(tell /tmp/records)" \
        "$(paste -d' ' /tmp/before /tmp/after | awk '{ print $1, $4 - $2 }')"
    is "$mode: no record is lost" "$(nr 0x0001f001)" 0
    cmp_ok "$mode: there was something to say" "$(nr $BATCH)" -ge 120
    # In lazy unmaps of lists wait as well, and many share a flush.
    cmp_ok "$mode: unmaps are flushed" "$(nr $FLUSH)" -ge "$([ $mode = strict ] && echo 40 || echo 5)"
    is "$mode: no op failed" "$(awk -v batch=$BATCH '$1 == batch { n += $5 + $8 } END { print n + 0 }' /tmp/records)" 0
    [ "$(nr $BATCH)" -ge 120 ] || diag "$(cat /tmp/xentrace; ls -l /dev/xen /tmp/trace; cut -d' ' -f1 /tmp/records | sort | uniq -c)"
    rmmod nvme
    rmmod xen_pviommu
done
done_testing
