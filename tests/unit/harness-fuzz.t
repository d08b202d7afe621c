#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The allocator and batches against the books of a simulated dom0: the corpus, then new inputs for FUZZ_SECONDS.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/harness/build.sh
. "$here/harness/build.sh"
# shellcheck source=tests/harness/fuzz.sh
. "$here/harness/fuzz.sh"

use_harness kernel
build fuzz || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }
run_fuzzer
done_testing
