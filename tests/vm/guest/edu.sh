#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# edu.sh MODE [held]: DMA by hand, with QEMU's edu device. With `held`, maps on this Xen hold
# their pages: no page changes its use under a map.
. /root/lib.sh
mode=$1 held=${2-}

# A device's reach into waiting mappings; and another mode, in use.
deferred() {
    local pci
    cmp_ok 'unmaps wait' "$(since queued)" -gt 0
    group edu_test/bound 'bound'
    cmp_ok 'the timer flushes' "$(counter flush_timer)" -gt 0
    pci=$(basename "$(dirname "$(ls -d /sys/bus/pci/drivers/edu*/*/xen_pviommu)")")
    pci=/sys/bus/pci/devices/$pci/xen_pviommu/mode
    ok 'a device can be strict for itself' bash -c "echo strict >$pci"
    group edu_test/faults 'strict for itself'
    ok 'and back' bash -c "echo $mode >$pci"
    nok 'but not off' bash -c "echo off >$pci"
    nok 'nor static, without the static map' bash -c "echo static >$pci"
    nok 'nor anything else' bash -c "echo often >$pci"
    is 'the mode is unchanged' "$(cat "$pci")" "$mode"
    ok 'waiting unmaps can be flushed' bash -c "echo 1 >$SYS/flush"
}

modprobe edu_test bound_ms=1700
mark
group edu_test/dma 'dma'
is 'dma: no fallback' "$(since fallbacks)" 0
if [ "$mode" = static ]; then
    cmp_ok 'dma: the static map serves' "$(since static_hits)" -gt 10
else
    cmp_ok 'dma: it maps' "$(since maps)" -gt 10
    is 'dma: all is unmapped' "$(since unmaps)" "$(since maps)"
fi
group edu_test/lists 'lists'
if [ "$mode" != static ]; then
    group edu_test/layout 'layout'
    is 'lists: no fallback' "$(since fallbacks)" 0
    is 'lists: all is unmapped' "$(since unmaps)" "$(since maps)"
fi
case $mode in
    strict) group edu_test/faults 'faults' ;;
    lazy) deferred ; group edu_test/taken_along 'taken along' ;;
    reuse) deferred ; group edu_test/again 'again'
        cmp_ok 'mappings are taken again' "$(counter reuse_hits)" -gt 0 ;;
esac
group edu_test/base 'host map'

ok 'the host map can be dropped' bash -c "echo 1 >$SYS/isolate"
is 'isolate is 1' "$(cat "$SYS/isolate")" 1
[ "$mode" != strict ] || group edu_test/isolated 'isolated'
group edu_test/dma 'isolated dma'
[ -n "$held" ] || group edu_test/yields 'yields'
ok 'the host map can be restored' bash -c "echo 0 >$SYS/isolate"
is 'isolate is 0' "$(cat "$SYS/isolate")" 0
group edu_test/base 'restored'
group edu_test/dma 'restored dma'
# An earlier map outlives the drop and the restore.
group edu_test/hold 'held'
ok 'isolate with a live map' bash -c "echo 1 >$SYS/isolate; echo 0 >$SYS/isolate"
group edu_test/hold 'given back'
rmmod edu_test

# A device of 32 bits works as well, on any path.
modprobe edu_test mask_bits=32
group edu_test/dma '32 bits'
rmmod edu_test
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
for c in $COUNTERS; do diag "$c $(counter "$c")"; done
done_testing
