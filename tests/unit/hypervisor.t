#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The hypervisor's files on the host: unit tests under ASan and UBSan, a stress
# test of threads under TSan (STRESS_SECONDS). tests/hypervisor has both.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/harness/build.sh
. "$here/harness/build.sh"
# shellcheck source=tests/harness/unit.sh
. "$here/harness/unit.sh"

use_harness hypervisor
build unit stress || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }
run_unit unit 'unit tests'
ok 'threads race without harm' "$OUT/stress" "${STRESS_SECONDS:-5}"
done_testing
