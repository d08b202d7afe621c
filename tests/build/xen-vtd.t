#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the hooks patch does to the VT-d driver of Xen 4.17, on the host: no unit of
# QEMU's has a queue that gets full, a second unit, or goes away.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=tests/build/vtd.sh
. "$root/tests/build/vtd.sh"

log=${TEST_LOG:-$root/build/tests/by-hand/xen-vtd}
mkdir -p "$log"
"$root/scripts/testbed" build >"$log/build.log" 2>&1 || diag "$(tail "$log/build.log")"
test_vtd "${TESTBED_BUILD_DIR:-$root/build/testbed}/xen/source"
done_testing
