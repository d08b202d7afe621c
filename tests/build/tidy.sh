# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests that run clang-tidy: several, because the whole takes long. The
# compiler's flags are in the nearest compile_flags.txt, which clang-tidy finds
# by itself.
. "$(dirname "${BASH_SOURCE[0]}")/../lint/lib.sh"

# The static analyzer takes as long as all other checks. With macros or templates of fmt's in each
# line, the analyzer takes ten times as long: in tests, and in pviommuctl, which has no memory but
# its containers'. Both run under ASan and UBSan. The same holds around DPDK's mempool driver, where
# the analyzer sees the driver itself.
tidy() {
    local less=()
    case $1 in
    bench/dpdk-pmd/mempool/*) ;;
    tests/harness/* | tests/hypervisor/* | tests/kernel/* | userspace/pviommuctl/* | bench/dpdk-pmd/* | */test*.cpp) less=(--checks='-clang-analyzer-*') ;;
    esac
    clang-tidy --quiet "${less[@]}" "$1" 2>/dev/null | { ! grep -A 3 -E ' (warning|error): '; }
}

# tidy_all PATHSPEC...: all of these are clean.
tidy_all() {
    local file
    while IFS= read -r file; do
        is "clang-tidy $file" "$(tidy "$file" && echo ok)" ok
    done < <(files "$@")
}
