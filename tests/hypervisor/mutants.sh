#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Can the tests fail? Put each bug of mutants.txt into a copy of hypervisor/, in
# turn, and name the test that found the bug: tests/hypervisor/mutants.sh [NAME...]. The
# fuzzer, for FUZZ_SECONDS, gets the bugs that the unit tests let through. A bug marked ~
# is a data race, for the stress test alone. Status 1 when a bug survives. A run takes some
# ten minutes, and is no part of `make check`.
set -u
here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-$here/../../build/tests/hypervisor}
# shellcheck source=tests/hypervisor/build.sh
. "$here/build.sh"

build unit fuzz stress || { cat "$build_log"; exit 2; }
OUT=$(realpath "$OUT")
dir=$OUT/mutant
rm -rf "$dir"
mkdir -p "$dir/found"
cp -a "$OUT/asan" "$OUT/tsan" "$dir/"
mkdir -p "$OUT/corpus"
unpack_corpus "$OUT/corpus"

# The last broken rule: the violation, if any.
reason() {
    grep -haoE 'violation: .*|AddressSanitizer: [a-z-]+|runtime error: .*|libFuzzer: (timeout|out-of-memory)' "$@" | head -n 1
}

# The first unit test that fails, or the test in which the process died.
by_unit() {
    local status=0 test
    timeout 120 "$dir/unit" --gtest_fail_fast >"$dir/tap" 2>"$dir/err" || status=$?
    [ "$status" -ne 0 ] || return 1
    test=$(sed -n 's/^not ok [0-9]* - //p' "$dir/tap" | head -n 1)
    [ -n "$test" ] || test=$(sed -nE 's/^# ([A-Za-z]+(\/[A-Za-z]+)?\.[A-Za-z0-9_\/]+)$/\1/p' "$dir/tap" | tail -n 1)
    echo "$test ($(grep -hA 1 'Failed$' "$dir/tap" | sed -n '2s/^# //p'; [ "$status" -ne 124 ] || echo 'hangs'; reason "$dir/err"))" | tr '\n' ' '
}

by_stress() {
    rm -f "$dir"/tsan/iommu_op*.o "$dir/stress"
    make -C "$here" -j "$(nproc)" OUT="$dir" HYPERVISOR="$dir/hypervisor" FLAGS_MORE='-Wno-error' stress >"$dir/err" 2>&1 || return 1
    ! timeout 120 "$dir/stress" 1 >"$dir/err" 2>&1 || return 1
    echo "the stress test ($(grep -m 1 -oE 'violation: .*|ThreadSanitizer: [a-z ]+' "$dir/err"))"
}

by_fuzzer() {
    make -C "$here" OUT="$dir" HYPERVISOR="$dir/hypervisor" FLAGS_MORE='-Wno-error' fuzz >"$dir/err" 2>&1 || return 1
    ! timeout 200 "$dir/fuzz" -seed=1 -max_len=600 -timeout=20 -max_total_time="${FUZZ_SECONDS:-60}" \
        -artifact_prefix="$dir/found/" "$OUT/corpus" >"$dir/err" 2>&1 || return 1
    echo "the fuzzer ($(reason "$dir/err"))"
}

survivors=0 tried=0
while read -r name file program; do
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    tried=$((tried + 1))
    rm -rf "$dir/hypervisor"
    cp -r "$here/../../hypervisor" "$dir/hypervisor"
    sed -E -z -i "$program" "$dir/hypervisor/$file"
    if cmp -s "$here/../../hypervisor/$file" "$dir/hypervisor/$file"; then
        verdict='NOT APPLIED'
        survivors=$((survivors + 1))
    elif [[ $name == *'~'* ]]; then
        verdict=$(by_stress) || { verdict=SURVIVES; survivors=$((survivors + 1)); }
    elif rm -f "$dir"/asan/iommu_op*.o "$dir/asan/peek.o" "$dir/unit" "$dir/fuzz"
         ! make -C "$here" -j "$(nproc)" OUT="$dir" HYPERVISOR="$dir/hypervisor" \
             FLAGS_MORE='-Wno-error' unit >"$dir/err" 2>&1; then
        verdict="DOES NOT BUILD: $(grep -m 1 error "$dir/err")"
        survivors=$((survivors + 1))
    elif ! verdict=$(by_unit) && ! verdict=$(by_fuzzer); then
        verdict='SURVIVES'
        survivors=$((survivors + 1))
    fi
    printf '%-22s %-17s %s\n' "$name" "$file" "$verdict"
done < <(grep -v '^#' "$here/mutants.txt")
echo "$tried tried, $survivors not found"
[ "$survivors" -eq 0 ] && [ "$tried" -gt 0 ]
