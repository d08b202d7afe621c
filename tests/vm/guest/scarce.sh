#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# scarce.sh: dom0 takes all of Xen's memory. The disk and the NICs go on, isolated, with
# Xen's present leaf tables. They also go on when dom0 gives memory
# back.
. /root/lib.sh
BALLOON=/sys/devices/system/xen_memory/xen_memory0
ABUNDANCE=4000000 # more than the machine has

kb() { cat "$BALLOON/info/current_kb"; }
# settle: dom0 has got as much as possible, or given as asked.
settle() {
    local before='' now
    now=$(kb)
    while [ "$now" != "$before" ]; do
        before=$now
        sleep 2
        now=$(kb)
    done
}
path_of() { cat "/sys/bus/pci/drivers/$1"/*:*/xen_pviommu/path | sort -u; }
# verified NAME SIZE_MB: large requests, each verified; more than was ever in flight.
verified() {
    ok "$1: verified I/O" timeout 600 fio --name=x --filename="/dev/$DISK" --direct=1 --rw=randwrite --bs=1M --size="$2M" \
        --ioengine=libaio --iodepth=64 --verify=crc32c --do_verify=1 --verify_fatal=1 --output=/tmp/fio
}

# All devices in need of the host map.
rmmod ahci
DISK=$(disks nvme)
ok 'isolate' bash -c "echo 1 >$SYS/isolate"
settle
plenty=$(kb)
echo "$ABUNDANCE" >"$BALLOON/target_kb"
settle
cmp_ok 'dom0 has taken the memory' "$(kb)" -gt "$plenty"
cmp_ok 'and wants more' "$ABUNDANCE" -gt "$(kb)"
tables=$(cat "$SYS/usage/tables")
mark

verified 'without memory' 64
traffic e1000e
is 'Xen made no table' "$(cat "$SYS/usage/tables")" "$tables"
is 'the disk is on our path' "$(path_of nvme)" pviommu
is 'the NICs are on our path' "$(path_of e1000e)" pviommu
is 'no fallback' "$(since fallbacks)" 0
modprobe dma_test
like 'a list beyond the present tables is refused' "$(cat "$DEBUG/dma_test/large")" '^not ok'
is 'the log says that the refusal passes' "$([ "$(said 'Xen is out of memory for the IOMMU')" -gt 0 ] && echo yes)" yes
is 'nothing is latched' "$(said 'on xen-swiotlb from now on')" 0

# Up and down under the disk.
(
    tap_start
    verified 'while dom0 shrinks and grows' 64
    done_testing
) >/tmp/tap &
for i in 1 2 3; do
    echo $((plenty - i * 8192)) >"$BALLOON/target_kb"
    sleep 2
    echo "$ABUNDANCE" >"$BALLOON/target_kb"
    sleep 2
done
wait
relay 'up and down' </tmp/tap

echo "$plenty" >"$BALLOON/target_kb"
settle
verified 'with memory again' 64
group dma_test/large 'with memory again'
cmp_ok 'Xen makes tables again' "$(cat "$SYS/usage/tables")" -gt "$tables"
is 'no BFN leaked' "$(counter leaked)" 0
done_testing
