#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The allocator and batches against the books of a simulated dom0: the corpus, then new inputs for FUZZ_SECONDS.
set -u
. "$(dirname "$0")/../harness/fuzz.sh"

use_harness kernel
need fuzz
run_fuzzer
done_testing
