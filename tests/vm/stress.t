#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Verified I/O and traffic for STRESS_SECONDS, while modes, CPUs, the host map
# and memory come and go. All is back at the end.
set -u
. "$(dirname "$0")/lib.sh"

nic_pair e1000e
nvme
vm_test stress --mode lazy --qemu-args "$DEVICES" --timeout $((${STRESS_SECONDS:-40} * 10 + 600)) -- \
    stress.sh "${STRESS_SECONDS:-40}"
done_testing
