#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommu_op against its model: the corpus, then new inputs for FUZZ_SECONDS.
set -u
. "$(dirname "$0")/../harness/fuzz.sh"

use_harness hypervisor
need fuzz
run_fuzzer
done_testing
