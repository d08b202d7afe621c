#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The hypervisor's files on the host: unit tests under ASan and UBSan, a stress
# test of threads under TSan (STRESS_SECONDS). tests/hypervisor has both.
set -u
. "$(dirname "$0")/../harness/unit.sh"

use_harness hypervisor
need unit stress
run_unit unit 'unit tests'
# The same tests, with AMD-Vi's format of entries.
AMD=1 run_unit unit 'unit tests, AMD-Vi'
ok 'threads race without harm' "$OUT/stress" "${STRESS_SECONDS:-5}"
done_testing
