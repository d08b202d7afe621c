#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The newest Linux with kernel/patches/linux-dma-iova.patch: a request of 128 KiB is two
# hypercalls and one flush in strict, and its data is right in each mode. The kernel's
# build takes ten minutes: the test is of `make check-matrix`.
set -u
. "$(dirname "$0")/../vm/lib.sh"

build() { "$TESTS/vm/small-kernel" iova "$TEST_LOG" >"$TEST_LOG/build.log" 2>&1 || { tail -n 20 "$TEST_LOG/build.log"; return 1; }; }

ok 'the kernel builds' build
nvme
for mode in strict lazy reuse static; do
    vm_test "$mode" --kernel "$TEST_LOG/bzImage" --linux-args "xen_pviommu=$mode" --qemu-args "$DEVICES" -- iova.sh "$mode" 0
done
vm_test isolated --kernel "$TEST_LOG/bzImage" --linux-args 'xen_pviommu=strict xen_pviommu.isolate=1' \
    --qemu-args "$DEVICES" -- iova.sh strict 1
done_testing
