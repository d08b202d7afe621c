#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dma.sh MODE: drivers' calls of the DMA API, with the module dma_test on QEMU's edu
# device; and, in strict, a latched device.
# dma.sh MODE irqs: the time with interrupts off, under the instruction clock.
. /root/lib.sh
mode=$1
PARAMETERS=/sys/module/behind_the_back/parameters

# in_use: mapped BFNs, when nothing waits or idles.
in_use() {
    echo 1 >"$SYS/flush"
    echo "$(cat "$SYS/usage/mapped") mapped, $(counter bfns_in_use) BFNs"
}

# nothing_left NAME MAPPED, after mark: except for old page tables, which the static
# map has regained.
nothing_left() {
    local left
    left=$(in_use)
    cmp_ok "$1: nothing is left mapped" $((${left%% *} - ${2%% *})) -ge 0
    cmp_ok "$1: nor more than before" $((${left%% *} - ${2%% *})) -le "$(since static_renewed)"
    is "$1: as many BFNs are in use" "${left#* mapped, }" "${2#* mapped, }"
}

# group_of NAME: all on the module's path, and nothing is left.
group_of() {
    local before
    mark
    before=$(in_use)
    group "dma_test/$1" "$1"
    nothing_left "$1" "$before"
    is "$1: as many unmaps as maps" "$(since unmaps)" "$(since maps)"
    is "$1: no fallback" "$(since fallbacks)" 0
    is "$1: no op was refused" "$(since errors)" 0
}

# Behind the back of xen_pviommu: map all free BFNs among the first ones.
PLANTED=()
plant() {
    local bfn
    for ((bfn = start >> 12; bfn < (start >> 12) + 2048; bfn++)); do
        if echo $bfn >"$PARAMETERS/map"; then PLANTED+=("$bfn"); fi
    done 2>/dev/null
}
uproot() {
    local bfn
    for bfn in "${PLANTED[@]}"; do
        echo "$bfn" >"$PARAMETERS/unmap"
    done
}

# path_of PCI_DRIVER
path_of() { cat "/sys/bus/pci/drivers/$1"/*:*/xen_pviommu/path; }

# low: MiB of the window below 4 GiB.
low() {
    local first last
    IFS=- read -r first last < <(sed -nE 's/^ *([0-9a-f]+-[0-9a-f]+) : xen_pviommu low window.*/\1/p' /proc/iomem)
    echo $(((16#${last:-0} + 1 - 16#${first:-1}) >> 20))
}

# modprobe does not know other modules' parameters on the kernel's command line.
most=$(cat /sys/module/xen_pviommu/parameters/low_mb)
modprobe dma_test narrow_mb=$((most < 256 ? most : 256)) narrow_most="$most"
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
    is 'a step of the low window is enough so far' "$(low)" 64
    before=$(in_use)
    group dma_test/narrow narrow
    nothing_left narrow "$before"
    cmp_ok 'the low window has grown' "$(low)" -gt 64
    cmp_ok 'as far as it may' "$(low)" -le "$most"
    group dma_test/refused refused
    is 'a refused list is not mapped in part' "$(in_use)" "$before"
    is 'and nothing is lost' "$(counter leaked)" 0
    ok 'the host map can be restored' bash -c "echo 0 >$SYS/isolate"
fi
is 'the device is still on our path' "$(path_of dma_test)" pviommu
is 'no BFN leaked' "$(counter leaked)" 0

# Another owner has mapped BFNs that ought to be free, which latches the devices. The
# promise of max_mapping_size, which a driver reads once, holds on that path.
if [ "$mode" = strict ]; then
    modprobe behind_the_back
    start=$((16#$(sed -nE 's/^ *([0-9a-f]+)-.*xen_pviommu high window.*/\1/p' /proc/iomem)))
    plant
    group dma_test/promises 'on the way out'
    is 'the device is latched' "$(path_of dma_test)" base
    mark
    group dma_test/promises latched
    cmp_ok 'the device is on xen-swiotlb' "$(since fallbacks)" -gt 0
    disk=$(disks nvme)
    ok 'large requests to a disk that is latched under way' timeout 240 fio --name=x --filename="/dev/$disk" --direct=1 --rw=randwrite \
        --bs=1M --size=32M --ioengine=libaio --iodepth=16 --verify=crc32c --do_verify=1 --verify_fatal=1 --output=/tmp/fio
    is 'the disk is latched' "$(path_of nvme)" base
    uproot
fi
done_testing
