#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The allocator and batches on the host: unit tests under ASan and UBSan, with their own sizes and
# with tiny sizes, and threads under TSan (STRESS_SECONDS). tests/kernel has them.
set -u
. "$(dirname "$0")/../harness/unit.sh"

use_harness kernel
need unit tiny_unit stress
run_unit unit 'as built'
run_unit tiny_unit tiny
ok 'threads race without harm' "$OUT/stress" "${STRESS_SECONDS:-5}"
done_testing
