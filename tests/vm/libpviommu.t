#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# libpviommu on the device: the same program that tests/unit/libpviommu.t runs on the
# simulated backend.
set -u
. "$(dirname "$0")/lib.sh"

root=$(cd "$TESTS/.." && pwd)
program=$root/build/meson/plain/libpviommu/libpviommu-test
ok 'it builds' "$root/userspace/build.sh" plain libpviommu/libpviommu-test
[ -x "$program" ] || done_testing
vm_test device --mode strict --copy "$program" -- libpviommu.sh
done_testing
