#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices that need the host map when it is gone, and memory that is short when it
# matters: a bind is refused and says what helps, or all goes on as the log says.
set -u
. "$(dirname "$0")/lib.sh"

TOP=$(cd "$TESTS/.." && pwd)
ok 'pviommuctl builds' "$TOP/userspace/build.sh" plain pviommuctl/pviommuctl

nic_pair e1000e
nic_pair virtio-net-pci,iommu_platform=on,disable-legacy=on
nvme
# Both are told of what they get, which is no fault here.
excuses=(--excuse 'nvme0: Removing after probe failure' --excuse 'no static map \(error -12\)')
# A disk with something on it.
head -c 8M /dev/urandom | dd of="$TEST_LOG/$DRIVE.img" conv=notrunc status=none
vm_test isolate --no-module "${excuses[@]}" --qemu-args "$DEVICES" \
    --copy "$TOP/build/meson/plain/pviommuctl/pviommuctl" -- isolate.sh
done_testing
