# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests/unit/hypervisor*.t: build here, unpack the corpus.

hypervisor_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=${OUT:-$hypervisor_tests/../../build/tests/hypervisor}
mkdir -p "$OUT"
build_log=$(mktemp "$OUT/log.XXXXXX")
trap 'rm -f "$build_log"' EXIT

# build TARGET...: one at a time, the two test files share objects.
build() {
    "$hypervisor_tests/../../scripts/install-deps" clang libclang-rt-dev libgtest-dev make xxd >"$build_log" 2>&1 &&
        flock "$OUT/lock" make -C "$hypervisor_tests" -j "$(nproc)" OUT="$(realpath "$OUT")" "$@" >"$build_log" 2>&1
}

# Into a directory: one input a line, in hexadecimal, behind its purpose.
unpack_corpus() {
    local n=0 input
    while read -r _ input; do
        n=$((n + 1))
        xxd -r -p <<<"$input" >"$1/$n"
    done < <(grep -v '^#' "$hypervisor_tests/corpus.txt")
}
