#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Xen has no page left: maps within the present tables succeed, and a refusal passes.
set -u
. "$(dirname "$0")/lib.sh"

nvme
nic_pair e1000e
edu
for mode in ${SCARCE_MODES:-strict reuse}; do
    vm_test "$mode" --mode "$mode" --xen-args dom0_mem=768M,max:2048M --qemu-args "$DEVICES" -- scarce.sh
done
done_testing
