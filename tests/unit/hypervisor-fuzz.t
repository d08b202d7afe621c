#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommu_op against its model: the corpus, then new inputs for FUZZ_SECONDS.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/harness/build.sh
. "$here/harness/build.sh"
# shellcheck source=tests/harness/fuzz.sh
. "$here/harness/fuzz.sh"

use_harness hypervisor
build fuzz || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }
run_fuzzer
done_testing
