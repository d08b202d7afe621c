#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Tracepoints agree with the counters: no more, no less, in every mode.
set -u
. "$(dirname "$0")/lib.sh"

nvme
vm_test trace --no-module --qemu-args "$DEVICES" -- trace.sh
done_testing
