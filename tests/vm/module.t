#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The module's coming and going.
set -u
. "$(dirname "$0")/lib.sh"

edu
nvme
# A disk with contents.
head -c 8M /dev/urandom | dd of="$TEST_LOG/$DRIVE.img" conv=notrunc status=none
# Without the host map, edu's DMA is blocked, and the log has the fault.
vm_test module --no-module --xen-args dom0_mem=768M,max:1024M --qemu-args "$DEVICES" --excuse '\[VT-D\]' -- module.sh
done_testing
