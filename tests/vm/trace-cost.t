#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Disabled tracepoints cost nothing: a pair of map and unmap takes as many
# instructions, to 24 of them, as in a module without tracepoints.
set -u
. "$(dirname "$0")/lib.sh"

TOP=$(cd "$TESTS/.." && pwd)
built=$TOP/build/bench without=$TEST_LOG/without
ok 'the machine is built' "$TOP/scripts/testbed" build
eval "$("$TOP/scripts/testbed" paths)"

build() {
    mkdir -p "$built" "$without/hypervisor"
    flock "$built/build.lock" make -C "$TOP/bench" OUT="$built" KDIR="$KDIR" "${TB_KBUILD[@]}" modules &&
        rsync -rlp --exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' "$TOP/kernel" "$without/" &&
        rsync -rlp "$TOP/hypervisor/public" "$without/hypervisor/" &&
        make -C "$without/kernel/xen-pviommu" KDIR="$KDIR" "${TB_KBUILD[@]}" KCFLAGS=-DNOTRACE &&
        cp "$without/kernel/xen-pviommu/xen-pviommu.ko" "$without/without.ko"
}
ok 'a module without tracepoints is built' build

vm_test cost --no-module --icount --qemu-args '-device edu' \
    --copy "$built/modules/bench/dma-map/dma_bench.ko" --copy "$without/without.ko" -- trace-cost.sh
done_testing
