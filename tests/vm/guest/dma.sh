#!/bin/bash
# dma.sh MODE: what drivers ask of the DMA API, with the module dma_test on QEMU's
# edu device; and, in strict, a device that has been latched.
# dma.sh MODE irqs: for how long interrupts are off, under the instruction clock.
. /root/lib.sh
mode=$1
PARAMETERS=/sys/module/behind_the_back/parameters

# in_use: what is mapped when nothing waits or idles.
in_use() {
    echo 1 >"$SYS/flush"
    echo "$(cat "$SYS/usage/mapped") mapped, $(counter bfns_in_use) BFNs"
}

# group_of NAME: all of it on our path, and nothing of it is left.
group_of() {
    local before
    mark
    before=$(in_use)
    group "dma_test/$1" "$1"
    is "$1: nothing is left mapped" "$(in_use)" "$before"
    is "$1: as many unmaps as maps" "$(since unmaps)" "$(since maps)"
    is "$1: no fallback" "$(since fallbacks)" 0
    is "$1: no op was refused" "$(since errors)" 0
}

# edit WHAT: behind the back of xen_pviommu, the BFNs that it takes first.
edit() {
    local bfn
    for ((bfn = start >> 12; bfn < (start >> 12) + 2048; bfn++)); do
        echo $bfn >"$PARAMETERS/$1"
    done 2>/dev/null
}

# path_of PCI_DRIVER
path_of() { cat "/sys/bus/pci/drivers/$1"/*:*/xen_pviommu/path; }

modprobe dma_test
if [ "${2-}" = irqs ]; then
    group_of irqs
    done_testing
    exit
fi

for name in nothing promises coherent noncontiguous large masks; do
    group_of "$name"
done
is 'the device is on our path' "$(path_of dma_test)" pviommu
is 'the log tells of lengths of 0 once' "$(dmesg | grep -c 'maps 0 bytes')" 1

if [ "$mode" != static ]; then
    ok 'the host map can be dropped' bash -c "echo 1 >$SYS/isolate"
    for name in nothing promises coherent noncontiguous; do
        group_of "$name"
    done
    before=$(in_use)
    group dma_test/refused refused
    is 'what was refused is not mapped in part' "$(in_use)" "$before"
    is 'and nothing is lost by it' "$(counter leaked)" 0
    ok 'the host map can be restored' bash -c "echo 0 >$SYS/isolate"
fi
is 'the device is still on our path' "$(path_of dma_test)" pviommu
is 'no BFN leaked' "$(counter leaked)" 0

# Somebody has mapped BFNs that ought to be free: that latches the devices. The
# promise of max_mapping_size, which a driver asks for once, holds on that path.
if [ "$mode" = strict ]; then
    modprobe behind_the_back
    start=$((16#$(sed -nE 's/^ *([0-9a-f]+)-.*xen_pviommu high window.*/\1/p' /proc/iomem)))
    edit map
    group dma_test/promises 'on the way out'
    is 'the device is latched' "$(path_of dma_test)" base
    mark
    group dma_test/promises latched
    cmp_ok 'it is on xen-swiotlb' "$(since fallbacks)" -gt 0
    disk=$(disks nvme)
    ok 'large requests to a disk that is latched under way' timeout 240 fio --name=x --filename="/dev/$disk" --direct=1 --rw=randwrite \
        --bs=1M --size=32M --ioengine=libaio --iodepth=16 --verify=crc32c --do_verify=1 --verify_fatal=1 --output=/tmp/fio
    is 'the disk is latched' "$(path_of nvme)" base
    edit unmap
fi
done_testing
