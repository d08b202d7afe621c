#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The VT-d driver of Xen 4.17 with the hooks patch, on the host. QEMU's unit never
# has a full queue, a second unit beside, or an end.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=tests/build/vtd.sh
. "$root/tests/build/vtd.sh"

log=${TEST_LOG:-$root/build/tests/by-hand/xen-vtd}
mkdir -p "$log"
"$root/scripts/testbed" build >"$log/build.log" 2>&1 || diag "$(tail "$log/build.log")"
eval "$("$root/scripts/testbed" paths)"
test_vtd "$TB_XEN/source"
done_testing
