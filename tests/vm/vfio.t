#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's own testpmd of DPDK drives two NICs in dom0 through VFIO.
set -u
. "$(dirname "$0")/lib.sh"

"$TESTS/../scripts/install-deps" dpdk-dev >&2
pmds=$(dirname "$(find /usr/lib -name 'librte_net_e1000.so.*.*' -path '*/pmds-*' | head -n 1)")
copies=(--copy "$(command -v dpdk-testpmd)")
for pmd in mempool_ring net_e1000 net_virtio; do
    copies+=(--copy "$(find "$pmds" -name "librte_$pmd.so.[0-9]*" -not -name '*.*.*.*' | head -n 1)")
done
claim=$TEST_LOG/claim
ok 'it builds' g++ -std=c++20 -O1 -Wall -Wextra -Werror -static -o "$claim" "$TESTS/vfio/claim.cpp"
copies+=(--copy "$claim")

nic_pair e1000e
vm_test e1000e --mode strict --linux-args xen_pviommu.vfio=1 --qemu-args "$DEVICES" "${copies[@]}" -- vfio.sh e1000e small 50
vm_test large --mem 8192 --mode strict --linux-args xen_pviommu.vfio=1 --qemu-args "$DEVICES" "${copies[@]}" -- vfio.sh e1000e large
DEVICES=
nic_pair virtio-net-pci,iommu_platform=on,disable-legacy=on
vm_test virtio --mode lazy --linux-args xen_pviommu.vfio=1 --qemu-args "$DEVICES" "${copies[@]}" -- vfio.sh virtio-pci small
done_testing
