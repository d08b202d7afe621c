#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# bypass.sh: of two disks one is behind the IOMMU and one is not, of the NICs the
# e1000e is not.
. /root/lib.sh

reason='its DMA is not translated \(no IOMMU unit has it\)'
path() { cat "/sys/bus/pci/devices/$1/xen_pviommu/path"; }
# By the bus, as both have the same driver.
for disk in $(disks nvme); do
    pci=$(pci_of "/sys/class/block/$disk")
    case $pci in
        0000:00:*) inside=$disk inside_pci=$pci ;;
        *) outside=$disk outside_pci=$pci ;;
    esac
done
nic_pci=$(pci_of "/sys/class/net/$(nics e1000e)")

for pci in "$outside_pci" "$nic_pci"; do
    is "$pci is not on our path" "$(path "$pci")" base
    is '... as the log says' "$(dmesg | grep -cE "$pci: xen_pviommu: $reason: on xen-swiotlb\$")" 1
done
mark
blocks "$outside" 'the disk outside'
files "$outside" 'the disk outside'
cmp_ok '... is on xen-swiotlb' "$(since fallbacks)" -gt 100
is '... and gets no BFN' "$(since maps)" 0

is 'a disk behind the IOMMU is on our path' "$(path "$inside_pci")" pviommu
for nic in $(nics e1000); do
    is 'so is a NIC behind a PCIe-to-PCI bridge' "$(path "$(pci_of "/sys/class/net/$nic")")" pviommu
done
mark
blocks "$inside" 'the disk inside'
traffic e1000
cmp_ok '... are on our path' "$(since maps)" -gt 100
is '... and only there' "$(since fallbacks)" 0
is 'the log names no other device' "$(said "$reason")" 2

nok 'isolate is refused' bash -c "echo 1 >$SYS/isolate"
is '... because of the disk outside' "$(said "isolate refused: $outside_pci needs the host map\$")" 1

# testpmd: DPDK's, on the NIC outside.
testpmd() {
    LD_LIBRARY_PATH=/root timeout 120 /root/dpdk-testpmd --no-huge -m 64 -l 0,1 --no-telemetry \
        -d librte_mempool_ring.so.23 -d librte_net_e1000.so.23 --allow="$nic_pci" -- --auto-start \
        </dev/null >/tmp/testpmd 2>&1
}

# A process can't have the NIC: its addresses would be machine addresses.
chmod 755 /
modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
modprobe vfio-pci
to_vfio e1000e
is 'the NIC outside is VFIO'"'"'s' "$(driver_of "$nic_pci")" vfio-pci
testpmd
like 'DPDK can'"'"'t have it' "$(cat /tmp/testpmd)" "$nic_pci failed to select IOMMU type"
cmp_ok '... as the log says' "$(dmesg | grep -cE "$nic_pci: xen_pviommu: VFIO can't have it: $reason\$")" -ge 1

echo "$outside_pci" >/sys/bus/pci/drivers/nvme/unbind
ok 'without the disk isolate is not refused' bash -c "echo 1 >$SYS/isolate"
mark
blocks "$inside" 'the disk inside, isolated'
is '... is on our path' "$(since fallbacks)" 0
echo 0 >"$SYS/isolate"
is 'no op was refused' "$(counter errors)" 0
done_testing
