#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# profile.sh: in each mode a disk is read under pviommuctl profile, and the report is
# compared with the counters. Then a buffer that is too small; then traffic.
. /root/lib.sh
PATH=$PATH:/root

# The report's totals are the counters with events.
names=(maps unmaps pages_mapped pages_unmapped hypercalls ops reuse_hits fallbacks static_hits
    flush_strict flush_ride flush_full flush_timer flush_pressure flush_request)
all() { local c; for c in "${names[@]}"; do echo "$c $(counter "$c")"; done | sort; }
grown() { paste -d' ' "$1" "$2" | awk '{ print $1, $4 - $2 }'; }
totals() { jq -r '.totals | to_entries[] | "\(.key) \(.value)"' "$1" | sort; }
# Waiting unmaps have their timer; idle mappings do not.
quiet() { sleep 0.3; echo 1 >"$SYS/flush"; }
reads() { for size in 4k 64k 256k; do dd if=/dev/nvme0n1 of=/dev/null bs=$size count=20 iflag=direct status=none; done; sleep 0.3; }
export -f reads

[ ! -d "$SYS" ] || rmmod xen_pviommu
rmmod ahci nvme e1000e 2>/dev/null
for mode in strict lazy reuse static; do
    modprobe xen_pviommu mode=$mode
    modprobe nvme
    retry test -b /dev/nvme0n1
    quiet
    all >/tmp/before
    status=0
    pviommuctl profile --json --output /tmp/report.json -- bash -c reads || status=$?
    all >/tmp/after
    is "$mode: it ends well" "$status" 0
    is "$mode: nothing is lost" "$(jq .lost /tmp/report.json)" 0
    is "$mode: the report agrees with the driver's counts" "$(totals /tmp/report.json)" "$(grown /tmp/before /tmp/after)"
    is "$mode: and says so" "$(jq -c '[.counters.exact, .counters.agreement]' /tmp/report.json)" \
        '[true,"events and counters agree exactly"]'
    cmp_ok "$mode: there was something to count" "$(jq .totals.maps /tmp/report.json)" -ge 60
    # Of 256 KiB, dd's reads may be in parts.
    cmp_ok "$mode: each I/O is seen" "$(jq .io.completed /tmp/report.json)" -ge 60
    cmp_ok "$mode: where CPUs were is seen" "$(jq '.cpu_time.samples - .cpu_time.idle' /tmp/report.json)" -gt 0
    is "$mode: who mapped" "$(jq -r '[.call_sites[] | select(.maps > 0) | .site | split(".")[0]] | unique | join(" ")' /tmp/report.json)" \
        nvme_prep_rq
    [ $mode = lazy ] || { rmmod nvme; rmmod xen_pviommu; continue; }

    # Of 4 KiB, events are lost while perf does not read: the report says so, and the number.
    # The kernel reports lost events with the next event for which the buffer has room.
    status=0
    said=$(pviommuctl profile --buffer 4K --json --output /tmp/report.json -- taskset 1 bash -c '
        read_some() { dd if=/dev/nvme0n1 of=/dev/null bs=4k count=$1 iflag=direct status=none; }
        killall -STOP perf; read_some 500; killall -CONT perf
        for ((i = 0; i < 20; i++)); do sleep 0.1; read_some 1; done' 2>&1) || status=$?
    lost=$(jq .lost /tmp/report.json)
    is 'lost events have a status' "$status" 4
    cmp_ok 'they are counted' "$lost" -gt 0
    like 'and told' "$said" "^pviommuctl: $lost events were lost"
    like 'counters are not said to agree' "$(jq -r '"\(.counters.exact) \(.counters.agreement)"' /tmp/report.json)" \
        "^false events and counters differ: .*; $lost events were lost$"
    status=0
    pviommuctl profile --json --output /tmp/report.json -- sh -c 'kill -TERM $$' || status=$?
    is 'the status is of the command' "$status" 143
    pviommuctl profile --json --output /tmp/report.json -- sh -c 'echo >/tmp/begun; exec sleep 600' &
    retry test -e /tmp/begun
    kill -TERM $!
    wait $! || status=$?
    is 'a signal ends the command, and the report follows' "$status:$(jq .lost /tmp/report.json)" 143:0

    # The scripts of scripts/perf see the same.
    quiet
    all >/tmp/before
    /root/stat bash -c reads >/tmp/text 2>&1
    all >/tmp/after
    is "scripts/perf/stat agrees with the driver's counts" \
        "$(sed -nE 's/,//g; s/^ *([0-9]+) +xen_pviommu:pviommu_(map|unmap|batch|flush) .*/\2 \1/p' /tmp/text | sort)" \
        "$(grown /tmp/before /tmp/after | awk '$1 == "maps" { print "map", $2 } $1 == "unmaps" { print "unmap", $2 }
            $1 == "hypercalls" { print "batch", $2 } /^flush_/ { n += $2 } END { print "flush", n }' | sort)"
    quiet
    all >/tmp/before
    /root/record /tmp/text bash -c reads
    all >/tmp/after
    pviommuctl report /tmp/text --json --output /tmp/report.json
    is 'scripts/perf/record and report, too' "$(totals /tmp/report.json)" "$(grown /tmp/before /tmp/after)"
    quiet
    all >/tmp/before
    /root/bpftrace /root/pviommu.bt -c 'bash -c reads' >/tmp/text
    all >/tmp/after
    is 'scripts/perf/pviommu.bt, too' \
        "$(for what in ops_per_hypercall ns_of_a_hypercall waited; do
            sed -n "/^@$what/,/^$/p" /tmp/text | awk -F'[|]' 'NF > 1 { i = split($1, word, " "); n += word[i] } END { print n }'
        done | xargs)" \
        "$(grown /tmp/before /tmp/after | awk '$1 == "hypercalls" { n = $2 } /^flush_/ { f += $2 } END { print n, n, f }')"
    # For the host, whose perf has Python.
    quiet
    all >/tmp/before
    perf record -q -a -o /tmp/perf.data -e 'xen_pviommu:*' -- bash -c reads
    all >/tmp/after
    { echo 'BEGIN perf.data'; grown /tmp/before /tmp/after; base64 /tmp/perf.data; echo 'END perf.data'; } >&2
    rmmod nvme
    rmmod xen_pviommu
done

# fio and iperf3, each with a page.
mkdir -p /tmp/out
IOS=300 BYTES=256K /root/guest lazy strict >/tmp/tar || fail 'profile-demo in the machine'
tar -C /tmp/out -x <"/tmp/tar"
for name in lazy-fio lazy-iperf3 strict-fio strict-iperf3; do
    is "$name: events and counters agree" "$(jq -c '[.lost, .counters.agree]' "/tmp/out/$name.json")" '[0,true]'
    ok "$name: there is a page" grep -q '<svg id="flame"' "/tmp/out/$name.html"
done
# 256 KiB, in segments that drivers and GRO put together.
cmp_ok 'packets are counted' "$(jq '[.packets.sent, .packets.received] | min' /tmp/out/lazy-iperf3.json)" -ge 8
cmp_ok 'I/Os are' "$(jq '.io.completed' /tmp/out/strict-fio.json)" -ge 300
cmp_ok 'lazy shares flushes' "$(jq '[.flushes[].flushes] | add' /tmp/out/lazy-fio.json)" \
    -lt "$(jq '[.flushes[].flushes] | add' /tmp/out/strict-fio.json)"
done_testing
