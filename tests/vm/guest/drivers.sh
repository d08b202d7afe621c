#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# drivers.sh MODE[,isolated] WIDE NARROW: every driver carries traffic or files, over the
# module's path. WIDE and NARROW are lists of nic:DRIVER and disk:DRIVER[:COUNT]; NARROW's
# devices can't reach all addresses, or bypass the IOMMU.
. /root/lib.sh
mode=${1%,*} isolated=0 wide=$2 narrow=$3
[ "$mode" = "$1" ] || isolated=1

work() {
    local kind driver count
    IFS=: read -r kind driver count <<<"$1"
    case $kind in
        nic) traffic "$driver" ;;
        disk) disk "$driver" "$count" ;;
    esac
}

mapfile -t before_us < <(early)
unbind "${before_us[@]}"
bind "${before_us[@]}"
[ "$isolated" -eq 0 ] || [ "${#before_us[@]}" -eq 0 ] || ok 'isolate, now that all are served' bash -c "echo 1 >$SYS/isolate"
is 'the mode' "$(cat "$SYS/mode")" "$mode"
is 'isolated' "$(cat "$SYS/isolate")" "$isolated"
# Page tables come and go meanwhile, in a process that the work below does not wait for.
storm=$(bash -c '(while :; do for _ in {1..50}; do (:) & done; wait; sleep 0.2; done) >/dev/null 2>&1 & echo $!')
for item in $wide; do
    name=${item#*:}
    mark
    work "$item"
    is "$name: no fallback" "$(since fallbacks)" 0
    case $mode in
        strict)
            cmp_ok "$name: it maps" "$(since maps)" -gt 100
            cmp_ok "$name: each map is a hypercall at least" "$(since hypercalls)" -ge "$(since maps)"
            cmp_ok "$name: mappings are unmapped" "$(since unmaps)" -gt $(($(since maps) / 2)) ;;
        lazy)
            cmp_ok "$name: it maps" "$(since maps)" -gt 100
            cmp_ok "$name: unmaps wait" "$(since queued)" -gt 10
            cmp_ok "$name: a flush serves several unmaps" "$(since flushes)" -lt $(($(since unmaps) * 3 / 4)) ;;
        reuse)
            cmp_ok "$name: it maps" "$(since maps)" -gt 100
            cmp_ok "$name: some are taken again" "$(since reuse_hits)" -gt 0 ;;
        static)
            cmp_ok "$name: the static map serves" "$(since static_hits)" -gt 100
            # Except for former page tables, and ballooned pages: an unmap and a map each.
            cmp_ok "$name: no hypercall" "$(since hypercalls)" -le $((2 * $(since static_renewed)))
            is "$name: no miss" "$(since static_misses)" 0 ;;
    esac
done
for item in $narrow; do work "$item"; done
kill "$storm"
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
is 'no driver freed mapped memory' "$(counter stale)" 0
for c in $COUNTERS; do diag "$c $(counter "$c")"; done
done_testing
