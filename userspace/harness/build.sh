# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests/unit/harness*.t and mutants.sh: build here, unpack the corpus.

harness=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=${OUT:-$harness/../../build/userspace/harness}
mkdir -p "$OUT"
build_log=$(mktemp "$OUT/log.XXXXXX")
trap 'rm -f "$build_log"' EXIT

# build TARGET...: one at a time, the test files share objects.
build() {
    "$harness/../../scripts/install-deps" clang libclang-rt-dev libgtest-dev liburcu-dev make xxd >"$build_log" 2>&1 &&
        flock "$OUT/lock" make -C "$harness" -j "$(nproc)" OUT="$(realpath "$OUT")" "$@" >"$build_log" 2>&1
}

# Into a directory: one input a line, in hexadecimal, behind its purpose.
unpack_corpus() {
    local n=0 input
    while read -r _ input; do
        n=$((n + 1))
        xxd -r -p <<<"$input" >"$1/$n"
    done < <(grep -v '^#' "$harness/corpus.txt")
}
