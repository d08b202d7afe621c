#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Can the tests fail? Put each bug of mutants.txt into a copy of kernel/xen-pviommu,
# in turn, and name the test that found the bug: userspace/harness/mutants.sh [NAME...]. The
# unit tests with tiny sizes come first, then with real sizes, then threads under TSan for
# STRESS_SECONDS, and the fuzzer for FUZZ_SECONDS. Status 1 when a bug survives.
set -u
here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-$here/../../build/userspace/harness}
# shellcheck source=userspace/harness/build.sh
. "$here/build.sh"

build all || { cat "$build_log"; exit 2; }
OUT=$(realpath "$OUT")
dir=$OUT/mutant
rm -rf "$dir"
mkdir -p "$dir/found" "$OUT/corpus"
cp -a "$OUT/full" "$OUT/tiny" "$OUT/tsan" "$dir/"
unpack_corpus "$OUT/corpus"

# The last broken rule.
reason() {
    grep -haoE 'violation: .*|(Address|Thread|Leak)Sanitizer: [a-z -]+|runtime error: .*|libFuzzer: (timeout|out-of-memory)' "$@" | head -n 1
}

make_it() { make -C "$here" -j "$(nproc)" OUT="$dir" KERNEL="$dir/kernel" FLAGS_MORE='-Wno-error' "$@" >"$dir/err" 2>&1; }

# The first unit test that fails, or the test in which the process died.
by_unit() {
    local status=0 test
    make_it "$1" || { echo "DOES NOT BUILD: $(grep -m 1 error "$dir/err")"; return; }
    timeout 60 "$dir/$2" --gtest_fail_fast >"$dir/tap" 2>"$dir/err" || status=$?
    [ "$status" -ne 0 ] || return 1
    test=$(sed -n 's/^not ok [0-9]* - //p' "$dir/tap" | head -n 1)
    [ -n "$test" ] || test=$(sed -nE 's/^# ([A-Za-z]+\.[A-Za-z0-9]+)$/\1/p' "$dir/tap" | tail -n 1)
    echo "$test ($(grep -hA 1 'Failed$' "$dir/tap" | sed -n '2s/^# //p'; [ "$status" -ne 124 ] || echo 'hangs'; reason "$dir/err"))" | tr '\n' ' '
}

by_threads() {
    make_it stress || return 1
    ! timeout 60 "$dir/stress" "${STRESS_SECONDS:-10}" >"$dir/err" 2>&1 || return 1
    echo "threads ($(reason "$dir/err"))"
}

by_fuzzer() {
    make_it fuzz || return 1
    ! timeout 200 "$dir/fuzz" -seed=1 -max_len=400 -timeout=20 -max_total_time="${FUZZ_SECONDS:-30}" \
        -artifact_prefix="$dir/found/" "$OUT/corpus" >"$dir/err" 2>&1 || return 1
    echo "the fuzzer ($(reason "$dir/err"))"
}

survivors=0 tried=0
while read -r name file program; do
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    tried=$((tried + 1))
    rm -rf "$dir/kernel"
    # With the old times, so that only changed files are built.
    cp -a "$here/../../kernel/xen-pviommu" "$dir/kernel"
    sed -E -z -i "$program" "$dir/kernel/$file"
    rm -f "$dir"/*/{state,counters,bfn,chunk,table,reserve,batch,queue,settle,reuse,drain,map,watch,static,isolate,fast,driver}.o "$dir/unit" "$dir/tiny_unit" "$dir/stress" "$dir/fuzz"
    if cmp -s "$here/../../kernel/xen-pviommu/$file" "$dir/kernel/$file"; then
        verdict='NOT APPLIED'
    elif verdict=$(by_unit tiny tiny_unit) || verdict=$(by_unit unit unit) || verdict=$(by_threads) || verdict=$(by_fuzzer); then
        :
    else
        verdict='SURVIVES'
    fi
    [[ $verdict != [A-Z][A-Z]* ]] || survivors=$((survivors + 1))
    printf '%-22s %-8s %s\n' "$name" "$file" "$verdict"
done < <(grep -v '^#' "$here/mutants.txt")
echo "$tried tried, $survivors not found"
[ "$survivors" -eq 0 ] && [ "$tried" -gt 0 ]
