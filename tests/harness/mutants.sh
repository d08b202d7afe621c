#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Can the tests fail? tests/harness/mutants.sh hypervisor|kernel [NAME...] puts each bug of the
# harness's mutants.txt into a copy of the tested files, in turn, and names the test that found
# the bug. Programs run in the order of the table in build.sh: threads for STRESS_SECONDS, the
# fuzzer for FUZZ_SECONDS. A bug marked ~ is a data race, for the threads alone. Status 1 when a
# bug survives. All bugs take half an hour.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/harness/fuzz.sh
. "$here/fuzz.sh"
use_harness "${1-}"
shift

build all || { cat "$build_log"; exit 2; }
dir=$OUT/mutant
rm -rf "$dir"
mkdir -p "$dir/found"
for objects in "$OUT"/*/*.o; do dirname "$objects"; done | sort -u | xargs cp -a -t "$dir"
unpack_corpus "$OUT/corpus"

# make_it PROGRAM: build it from the copy.
make_it() {
    make -C "$harness" -j "$(nproc)" OUT="$dir" SUBJECT="$dir/copy/subject" FLAGS_MORE='-Wno-error' "$1" >"$dir/err" 2>&1
}

# The first failed unit test, or the test in which the process died.
unit_test() {
    local test
    test=$(sed -n 's/^not ok [0-9]* - //p' "$dir/tap" | head -n 1)
    [ -n "$test" ] || test=$(sed -nE 's/^# ([A-Za-z]+(\/[A-Za-z]+)?\.[A-Za-z0-9_\/]+)$/\1/p' "$dir/tap" | tail -n 1)
    echo "$test"
}

# reason STATUS: the last broken rule.
reason() {
    grep -hA 1 'Failed$' "$dir/tap" | sed -n '2s/^# //p'
    [ "$1" -ne 124 ] || echo hangs
    grep -haoE 'violation: .*|(Address|Thread|Leak)Sanitizer: [a-z -]+|runtime error: .*|libFuzzer: (timeout|out-of-memory)' "$dir/err" |
        head -n 1
}

# found_by PROGRAM: success if the program finds the bug; prints the name of its test.
found_by() {
    local arguments=() seconds=0 status=0 by=$1
    case $1 in
        stress)
            seconds=${STRESS_SECONDS:-$stress_seconds} by=threads
            arguments=("$seconds") ;;
        fuzz)
            seconds=${FUZZ_SECONDS:-$fuzz_seconds} by='the fuzzer'
            arguments=(-seed=1 -max_len="$max_len" -timeout=20 -max_total_time="$seconds" -artifact_prefix="$dir/found/" "$OUT/corpus") ;;
        *) arguments=(--gtest_fail_fast) ;;
    esac
    timeout $((120 + seconds)) "$dir/$1" "${arguments[@]}" >"$dir/tap" 2>"$dir/err" || status=$?
    [ "$status" -ne 0 ] || return 1
    [[ $1 != *unit ]] || by=$(unit_test)
    echo "$by ($(reason "$status" | xargs -d '\n'))"
}

# try NAME FILE SED-PROGRAM: prints the verdict; success if the bug is found.
try() {
    local program tried=$programs file
    rm -rf "$dir/copy"
    mkdir "$dir/copy"
    # With the old times, so that only changed files are built.
    cp -a "$subject" "$dir/copy/subject"
    sed -E -z -i "$3" "$dir/copy/subject/$2"
    ! cmp -s "$subject/$2" "$dir/copy/subject/$2" || { echo 'NOT APPLIED'; return 1; }
    for file in "$subject"/*.c $helpers; do rm -f "$dir"/*/"$(basename "$file" .c).o"; done
    [[ $1 != *'~'* ]] || tried=stress
    for program in $tried; do
        rm -f "${dir:?}/$program"
        make_it "$program" || { echo "DOES NOT BUILD: $(grep -m 1 error "$dir/err")"; return 1; }
        found_by "$program" && return
    done
    echo SURVIVES
    return 1
}

survivors=0 tried=0
while read -r name file program; do
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
    tried=$((tried + 1))
    verdict=$(try "$name" "$file" "$program") || survivors=$((survivors + 1))
    printf '%-22s %-17s %s\n' "$name" "$file" "$verdict"
done < <(grep -v '^#' "$harness/mutants.txt")
echo "$tried tried, $survivors not found"
[ "$survivors" -eq 0 ] && [ "$tried" -gt 0 ]
