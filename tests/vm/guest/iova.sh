#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# iova.sh MODE ISOLATED: requests of 128 KiB on nvme, in scattered pages, on a kernel that maps
# each by one call. Their data is verified, and their hypercalls are counted.
. /root/lib.sh
mode=$1 requests=128 pages=/dev/shm/pages

# jobs OPTION...: verified requests, each in 32 scattered pages: the buffer is a file
# that was written in random order.
jobs() {
    fio --name=requests --filename="/dev/$disk" --bs=128k --size=16m --direct=1 --ioengine=libaio --iodepth=8 \
        --iomem="mmapshared:$pages" --verify=crc32c "$@"
}
# within NAME EVENTS LEAST MOST: those of a request, in hundredths.
within() {
    local n=$(($2 * 100 / requests))
    cmp_ok "$1 ($n of a request's 100)" "$n" -ge "$3"
    cmp_ok "$1, at most" "$n" -le "$4"
}

disk=$(disks nvme)
is 'the mode' "$(cat "$SYS/mode")" "$mode"
is 'isolated' "$(cat "$SYS/isolate")" "$2"
ok 'a buffer of scattered pages' fio --name=scatter --filename="$pages" --size=1m --rw=randwrite --bs=4k --fallocate=none
for rw in write read; do
    mark
    [ "$rw" = write ] && how=(--rw=write --do_verify=0) || how=(--rw=read)
    ok "${requests} requests: $rw" jobs "${how[@]}"
    case $mode in
        strict)
            within "$rw: 2 hypercalls" "$(since hypercalls)" 200 205
            within "$rw: 1 flush" "$(since flushes)" 100 103 ;;
        lazy | reuse)
            # The timer's flush is a hypercall of its own.
            within "$rw: 1 hypercall to map" $(($(since hypercalls) - $(since flushes))) 80 103
            within "$rw: a flush for many" "$(since flushes)" 0 50 ;;
        static)
            within "$rw: no hypercall" "$(since hypercalls)" 0 2 ;;
    esac
    is "$rw: no fallback" "$(since fallbacks)" 0
done
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
for c in $COUNTERS; do diag "$c $(counter "$c")"; done
done_testing
