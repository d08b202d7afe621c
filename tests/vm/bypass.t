#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices whose DMA no IOMMU unit translates: QEMU lets devices below a host bridge
# of its own bypass the IOMMU, and the DMAR table names them in no unit's scope.
# Beside them a disk, and NICs behind a PCIe-to-PCI bridge, which are translated.
set -u
. "$(dirname "$0")/lib.sh"

"$TESTS/../scripts/install-deps" dpdk-dev >&2
pmds=$(dirname "$(find /usr/lib -name 'librte_net_e1000.so.*.*' -path '*/pmds-*' | head -n 1)")
copies=(--copy "$(command -v dpdk-testpmd)")
for pmd in mempool_ring net_e1000; do
    copies+=(--copy "$(find "$pmds" -name "librte_$pmd.so.[0-9]*" -not -name '*.*.*.*' | head -n 1)")
done

drive 64
bypassing=$DRIVE
drive 64
DEVICES+=" -device nvme,serial=$DRIVE,drive=$DRIVE,bus=pcie.0"
DEVICES+=' -device pcie-pci-bridge,id=pci,bus=pcie.0'
for end in 1 2; do
    DEVICES+=" -netdev hubport,id=n$end,hubid=1 -device e1000,netdev=n$end,mac=52:54:00:00:01:0$end,bus=pci,addr=$end"
done
DEVICES+=' -device pxb-pcie,id=bypass,bus_nr=32,bus=pcie.0,bypass_iommu=true'
for port in 1 2; do
    DEVICES+=" -device pcie-root-port,id=port$port,bus=bypass,chassis=1,slot=$port"
done
DEVICES+=" -device nvme,serial=$bypassing,drive=$bypassing,bus=port1"
DEVICES+=' -netdev hubport,id=n3,hubid=3 -device e1000e,netdev=n3,bus=port2'
vm_test strict --mode strict --linux-args xen_pviommu.vfio=1 --qemu-args "$DEVICES" "${copies[@]}" -- bypass.sh
done_testing
