#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pviommu-pmd in dom0, on real ports: mappings, bursts, and returned buffers.
set -u
. "$(dirname "$0")/lib.sh"

"$TESTS/../scripts/install-deps" dpdk libdpdk-dev meson ninja-build pkg-config libcli11-dev libfmt-dev nlohmann-json3-dev \
    libexpected-dev liburcu-dev dpkg-dev xz-utils >&2
built=0
"$TESTS/../bench/dpdk-pmd/build.sh" >&2 || built=$?
[ "$built" -ne 77 ] || skip_all "Debian's source of DPDK can't be fetched"
is 'pviommu-pmd builds' "$built" 0
[ "$built" -eq 0 ] || done_testing
copies=(--copy "$TESTS/../build/dpdk-pmd/pviommu-pmd")
for file in $("$TESTS/../bench/dpdk-pmd/drivers.sh" mempool_ring net_e1000 net_virtio); do
    copies+=(--copy "$file")
done

nic_pair e1000e
nic_pair virtio-net-pci,iommu_platform=on,disable-legacy=on
# Faults of the stale descriptors, and of nothing else.
vm_test dpdk --mode strict --linux-args xen_pviommu.vfio=1 --qemu-args "$DEVICES" "${copies[@]}" --timeout 1200 \
    --excuse '\[VT-D\]' --trace vtd_dmar_fault -- dpdk.sh

# faults WRITE: addresses of blocked reads (0) or writes (1) of devices, by QEMU's trace.
faults() { sed -nE "s/^vtd_dmar_fault .* addr (0x[0-9a-f]+) write $1\$/\\1/p" "$VM_LOG/qemu-trace.log"; }
for way in tx:0 rx:1; do
    address=$(sed -nE "s/^# ${way%:*}: stale (0x[0-9a-f]+)\$/\\1/p" "$VM_LOG/stdout")
    like "${way%:*}: a buffer was given back" "$address" '^0x[0-9a-f]+080$'
    is "${way%:*}: its stale descriptor faults there" "$(faults "${way#*:}" | head -n 1)" "$address"
    is "${way%:*}: and nothing else does" "$(faults "${way#*:}" | sed 's/...$//' | sort -u)" "${address%???}"
done
done_testing
