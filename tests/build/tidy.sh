# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests that run clang-tidy, which are several as all of it takes long. The
# compiler's flags are in the nearest compile_flags.txt, which clang-tidy finds
# by itself.
. "$(dirname "${BASH_SOURCE[0]}")/../lint/lib.sh"

# The static analyzer takes as long as all the rest, or ten times that, where each line is
# a branch of a macro or a template of fmt's: in tests, and in pviommuctl, which has no
# memory but its containers'. Both run under ASan and UBSan. So it does around DPDK's
# mempool driver, of which it sees the driver itself.
tidy() {
    local less=()
    case $1 in
    bench/dpdk-pmd/mempool/*) ;;
    tests/harness/* | tests/hypervisor/* | userspace/harness/* | userspace/pviommuctl/* | bench/dpdk-pmd/* | */test*.cpp) less=(--checks='-clang-analyzer-*') ;;
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
