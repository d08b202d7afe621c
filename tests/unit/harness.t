#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The allocator and batches on the host: unit tests under ASan and UBSan, with their own sizes and
# with tiny ones, and threads under TSan (STRESS_SECONDS). userspace/harness has them.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/harness/build.sh
. "$here/harness/build.sh"
# shellcheck source=tests/harness/unit.sh
. "$here/harness/unit.sh"

use_harness kernel
build unit tiny_unit stress || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }
run_unit unit 'as built'
run_unit tiny_unit tiny
ok 'threads race without harm' "$OUT/stress" "${STRESS_SECONDS:-5}"
done_testing
