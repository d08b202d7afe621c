#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# C++ in bench/dpdk-pmd: clang-tidy finds nothing.
set -u
. "$(dirname "$0")/tidy.sh"

# Headers from Debian's source of DPDK.
"$TOP/bench/dpdk-pmd/headers.sh" "$TOP/build/dpdk-pmd/headers" >&2 || skip_all "Debian's source of DPDK can't be fetched"
tidy_all 'bench/dpdk-pmd/*.cpp'
done_testing
