#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices in need of the dropped host map, and memory that is short at the worst time. A
# bind is refused with a remedy, or all goes on as the log says.
set -u
. "$(dirname "$0")/lib.sh"

TOP=$(cd "$TESTS/.." && pwd)
ok 'pviommuctl builds' "$TOP/userspace/build.sh" plain pviommuctl/pviommuctl

nic_pair e1000e
nic_pair virtio-net-pci,iommu_platform=on,disable-legacy=on
nvme
# Both get lines in the log, which are no fault here.
excuses=(--excuse 'nvme0: Removing after probe failure' --excuse 'no static map \(error -12\)')
# A disk with contents.
head -c 8M /dev/urandom | dd of="$TEST_LOG/$DRIVE.img" conv=notrunc status=none
vm_test isolate --no-module "${excuses[@]}" --qemu-args "$DEVICES" \
    --copy "$TOP/build/meson/plain/pviommuctl/pviommuctl" -- isolate.sh
done_testing
