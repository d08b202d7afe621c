#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Disabled tracepoints cost nothing: a pair of map and unmap takes as many
# instructions, to 24 of them, as in a module without tracepoints.
set -u
. "$(dirname "$0")/lib.sh"

TOP=$(cd "$TESTS/.." && pwd)
built=$TOP/build/bench without=$TEST_LOG/without
read -r krel _ <"$TOP/build/testbed/stamps/kernel"

build() {
    local headers=/usr/src/linux-headers-$krel
    mkdir -p "$built" "$without/hypervisor"
    flock "$built/build.lock" make -C "$TOP/bench" OUT="$built" KDIR="$headers" modules &&
        rsync -rlp --exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' "$TOP/kernel" "$without/" &&
        rsync -rlp "$TOP/hypervisor/public" "$without/hypervisor/" &&
        make -C "$without/kernel/xen-pviommu" KDIR="$headers" KCFLAGS=-DNOTRACE &&
        cp "$without/kernel/xen-pviommu/xen-pviommu.ko" "$without/without.ko"
}
ok 'a module without tracepoints is built' build

vm_test cost --no-module --icount --qemu-args '-device edu' \
    --copy "$built/modules/bench/dma-map/dma_bench.ko" --copy "$without/without.ko" -- trace-cost.sh
done_testing
