#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The report of make bench: its unit tests, and its refusals.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/bench
work=${TEST_LOG:-$root/build/tests/by-hand/bench-report}
mkdir -p "$out" "$work"

ok 'it builds' flock "$out/build.lock" make -s -C "$root/bench" -j2 OUT="$out" "$out/report" "$out/report-test"
ok 'its unit tests pass' "$out/report-test" --gtest_brief=1

# report RAW OPTION...
report() { "$out/report" --raw "$1" --json "$work/bench.json" "${@:2}"; }

# raw NAME LINE...: results of one boot of the subject strict.
raw() {
    mkdir -p "$work/$1/strict/1"
    printf '%s\n' "${@:2}" >"$work/$1/strict/1/figures"
    : >"$work/$1/strict/1/qemu-trace.log"
}
raw good 'sg-1 pairs 1' 'sg-1 entries 1' 'sg-1 map_ns 90' 'sg-1 map_n 1' 'sg-1 unmap_ns 50' 'sg-1 unmap_n 1' \
    'sg-1 empty_ns 10' 'sg-1 empty_n 1' 'sg-1 serial 1' 'sg-1 failed 0'
raw failed 'sg-1 failed 3'
raw untimed 'sg-1 pairs 1' 'sg-1 entries 1'

ok 'it reports' report "$work/good"
is 'a row' "$(jq -c '.[] | select(.metric == "insns_per_page")' "$work/bench.json")" \
    '{"bench":"sg-1","subject":"strict","metric":"insns_per_page","value":120,"unit":"instructions","runs":1,"spread":0}'
nok 'no raw results' report "$work/none"
nok 'maps that failed' report "$work/failed"
nok 'nothing was timed' report "$work/untimed"

echo '[{"bench":"bfn-pair","subject":"pviommu","metric":"insns","value":30,"unit":"instructions","runs":3}]' >"$work/more.json"
ok "the report takes another benchmark's rows" report "$work/good" --more "$work/more.json"
is 'and passes them on' "$(jq '.[] | select(.bench == "bfn-pair").value' "$work/bench.json")" 30
echo '[{"bench":"bfn-pair"}]' >"$work/more.json"
nok 'malformed rows' report "$work/good" --more "$work/more.json"

cp "$root/docs/performance.md" "$work/page.md"
ok 'the report fills the page and plots' report "$work/good" --page "$work/page.md"
like 'a table has its figure' "$(cat "$work/page.md")" '^\| strict \| 120 \| - \| - \| - \|'
is 'the plots of measured figures exist' "$(cd "$work/plots" && grep -l '</svg>' -- *.svg | xargs)" lists.svg
done_testing
