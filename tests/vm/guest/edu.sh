#!/bin/bash
# edu.sh MODE: DMA by hand, with QEMU's edu device.
. /root/lib.sh
mode=$1

modprobe edu_test
mark
group edu_test/dma 'dma'
is 'dma: no fallback' "$(since fallbacks)" 0
if [ "$mode" = static ]; then
    cmp_ok 'dma: the static map serves' "$(since static_hits)" -gt 10
else
    cmp_ok 'dma: it maps' "$(since maps)" -gt 10
    is 'dma: all is unmapped' "$(since unmaps)" "$(since maps)"
    group edu_test/faults 'faults'
fi
group edu_test/base 'host map'

if [ "$mode" = strict ]; then
    ok 'the host map can be dropped' bash -c "echo 1 >$SYS/isolate"
    is 'isolate is 1' "$(cat "$SYS/isolate")" 1
    group edu_test/isolated 'isolated'
    group edu_test/dma 'isolated dma'
    ok 'the host map can be restored' bash -c "echo 0 >$SYS/isolate"
    is 'isolate is 0' "$(cat "$SYS/isolate")" 0
    group edu_test/base 'restored'
    group edu_test/dma 'restored dma'
    # A map that was made before outlives the drop and the restore.
    group edu_test/hold 'held'
    ok 'isolate with a map that lives' bash -c "echo 1 >$SYS/isolate; echo 0 >$SYS/isolate"
    group edu_test/hold 'given back'
else
    nok 'isolate is refused, the static map needs the host map' bash -c "echo 1 >$SYS/isolate"
    is 'isolate is 0' "$(cat "$SYS/isolate")" 0
    group edu_test/base 'still there'
fi
rmmod edu_test

# A device of 32 bits works as well, on whichever path.
modprobe edu_test mask_bits=32
group edu_test/dma '32 bits'
rmmod edu_test
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
for c in $COUNTERS; do diag "$c $(counter "$c")"; done
done_testing
