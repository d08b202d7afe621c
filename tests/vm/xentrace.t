#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Xen's trace buffer, read by Debian's xentrace, agrees with the module's counts of
# hypercalls.
set -u
. "$(dirname "$0")/lib.sh"
. "$TESTS/vm/packages.sh"

ok 'xentrace can be had' unpack xen-utils-4.17 "${XEN_LIBRARIES[@]}"

nvme
vm_test buffer --no-module --qemu-args "$DEVICES" --drivers xen-privcmd,xen-evtchn \
    --copy "$TEST_LOG/packages/usr/lib/xen-4.17/bin/xentrace" -- xentrace.sh
done_testing
