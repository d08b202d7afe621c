#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# trace-cost.sh: instructions of a pair in each mode, by the instruction clock, in
# a module without tracepoints, in ours, and in ours while all are recorded.
. /root/lib.sh

T=/sys/kernel/tracing
mountpoint -q $T || mount -t tracefs tracefs $T

# pair: a nanosecond is an instruction. Once to warm up.
pair() {
    insmod /root/dma_bench.ko pairs=2048
    cat $DEBUG/dma_bench/hot-1 >/dev/null
    awk '{ f[$1] = $2 } END { print int(f["pair_ns"] / f["pair_n"] - f["empty_ns"] / f["empty_n"] + 0.5) }' \
        $DEBUG/dma_bench/hot-1
    rmmod dma_bench
}

for mode in strict lazy reuse static; do
    insmod /root/without.ko mode=$mode
    nok "$mode: a module without tracepoints has none" test -e $T/events/xen_pviommu
    without=$(pair)
    rmmod xen_pviommu
    modprobe xen_pviommu mode=$mode
    off=$(pair)
    echo 1 >$T/events/xen_pviommu/enable
    on=$(pair)
    echo 0 >$T/events/xen_pviommu/enable
    rmmod xen_pviommu
    echo "# $mode: $without instructions without tracepoints, $off with, $on while they are recorded"
    # One for each jump that is not taken, and a register or two, saved for the calls behind.
    cmp_ok "$mode: off, they cost at most 24 instructions" $((off - without)) -le 24
    cmp_ok "$mode: on, they are seen" "$on" -gt "$off"
done
done_testing
