#!/usr/bin/env bash
# pviommuctl report on records of the test machine, and on what is broken or made
# up; the figures beside those that awk finds.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/pviommuctl
data=$root/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$root/build"

build() {
    [ -e "$1/build.ninja" ] || meson setup -Dbuildtype=debug "$1" "$root/userspace" || return
    ninja -j2 -C "$1"
}
ok 'it builds' flock "$root/build/pviommuctl.lock" bash -c "$(declare -f build); root='$root'; build '$out'"
[ -x "$out/pviommuctl/pviommuctl" ] || done_testing

# ctl ARGUMENT...: what it says is in $said and $err, its status in $status.
ctl() {
    status=0
    said=$(timeout 60 "$out/pviommuctl/pviommuctl" "$@" 2>"$work/err") || status=$?
    err=$(cat "$work/err")
}
# json EXPRESSION: of what was said, as Python sees it in j.
json() { python3 -c "import json, sys; j = json.load(sys.stdin); print($1)" <<<"$said"; }

# A record of fio in lazy, with stacks.
count() { grep -c "xen_pviommu:pviommu_$1:" "$data/perf-lazy.txt"; }
sum() { grep -oE " $1=[0-9]+" "$data/perf-lazy.txt" | awk -F= '{ n += $2 } END { print n }'; }
ctl report "$data/perf-lazy.txt" --json
is 'a record is read' "$status:$err" 0:
is 'its events are there, and no other' "$(json 'j["totals"]["maps"], j["totals"]["unmaps"], j["totals"]["hypercalls"]')" \
    "$(count map) $(count unmap) $(count batch)"
is 'their sums, too' "$(json 'j["totals"]["pages_mapped"], j["totals"]["pages_unmapped"], j["totals"]["ops"]')" \
    "$(sum mapped) $(sum unmapped) $(($(sum maps) + $(sum unmaps) + $(sum others)))"
is 'time' "$(json 'sum(c["ns"] for c in j["cpus"])')" "$(sum ns)"
is 'and flushes' "$(json 'sum(f["flushes"] for f in j["flushes"])')" "$(count flush)"
is 'hypercalls of an I/O' "$(json 'j["io"]["hypercalls_per_io"] * j["io"]["completed"] == j["totals"]["hypercalls"], j["io"]["issued"]')" \
    "True $(grep -c block:block_rq_issue: "$data/perf-lazy.txt")"
is 'each stack is in one sum' "$(json 'sum(s["ns"] for s in j["stacks"]), sum(s["maps"] for s in j["stacks"])')" "$(sum ns) $(count map)"
is 'and each call site' "$(json 'sum(s["ns"] for s in j["call_sites"]), sum(s["unmaps"] for s in j["call_sites"])')" \
    "$(sum ns) $(count unmap)"
is 'the driver is the call site' "$(json '*[s["site"] for s in j["call_sites"]][:2]')" 'nvme_prep_rq.part.0 nvme_unmap_data'
is 'nothing is lost, and no counter known' "$(json 'j["lost"], j["counters"]')" '0 None'
ctl report - --json <"$data/perf-lazy.txt"
is 'stdin' "$status:$(json 'j["title"], j["totals"]["maps"]')" "0:stdin $(count map)"
ctl report "$data/perf-lazy.txt"
like 'as text' "$said" "^hypercalls +$(count batch)\$"
like 'with the fit' "$said" '^that only map +-?[0-9]+ [+-] [0-9]+ / B +[0-9.]+$'
like 'and the sites' "$said" '^nvme_prep_rq\.part\.0 +[0-9.]+ +[0-9.]+% +[0-9]+ +[0-9]+ +0$'
ctl report "$data/perf-lazy.txt" --json --output "$work/report.json"
is 'into a file' "$status:$said:$(python3 -m json.tool <"$work/report.json" | grep -c '"pages_mapped"')" 0::1

# A record that lost events.
lost=$(awk '/PERF_RECORD_LOST lost/ { n += $NF } END { print n }' "$data/perf-lost.txt")
cmp_ok 'there is a record that lost events' "$lost" -gt 0
ctl report "$data/perf-lost.txt" --json
is 'lost events are a status and a message' "$status:${err%%: record*}" \
    "4:pviommuctl: $lost events were lost, so that all figures are too low"
is 'and in the report' "$(json 'j["lost"]')" "$lost"
ctl report "$data/perf-lost.txt"
like 'in the text' "$said" "^lost events +$lost\$"

# Exact figures of a record that was made: a + b / B with a = 150, b = 3000.
for ops in 1 2 4 8 16; do
    printf 'x 1 [001] %d.5: xen_pviommu:pviommu_batch: slots=9 maps=%d unmaps=0 others=0 mapped=9 unmapped=0 status=0 ns=%d\n' \
        "$ops" "$ops" $((150 * ops + 3000))
done >"$work/known"
ctl report "$work/known" --json
is 'a known fit is found' \
    "$(json '*["%.6f" % j["batches"]["mapping"]["fit"][k] for k in ("ns_per_op", "ns_per_hypercall", "r2")]')" \
    '150.000000 3000.000000 1.000000'
is 'and the histogram' "$(json '*[s["ops"] for s in j["batches"]["all"]["sizes"]], *[s["ns"] for s in j["batches"]["all"]["sizes"]]')" \
    '1 2 4 8 16 3150 3300 3600 4200 5400'
is 'over its time' "$(json 'j["seconds"], sum(j["timeline"]["hypercalls"])')" '15.0 5'

# What can't be read.
: >"$work/empty"
ctl report "$work/empty" --json
is 'an empty record is one' "$status:$(json 'j["totals"]["maps"], j["lost"]')" '0:0 0'
{ cat "$work/known"; echo 'x 1 [001] 9.5: xen_pviommu:pviommu_flush: reason=ride waited='; } >"$work/broken"
ctl report "$work/broken"
is 'a broken line is named' "$status:$said:$err" "1::pviommuctl: $work/broken: line 6: xen_pviommu:pviommu_flush lacks a good waited=: record again, or cut the line out (docs/profiling.md has the format)"
sed '1s/ns=.*//' "$work/known" >"$work/broken"
ctl report - <"$work/broken"
is 'also on stdin' "$status:${err%%:pviommu_*}" '1:pviommuctl: stdin: line 1: xen_pviommu'
printf 'PERFILE2\0\0' >"$work/data"
ctl report "$work/data"
like 'perf.data has its remedy' "$status:$err" '^1:pviommuctl: .*: this is perf.s own file: perf script -i FILE --ns --show-lost-events \| pviommuctl report -$'
ctl report "$root/Makefile"
is 'no record' "$status:$err" "1:pviommuctl: $root/Makefile: this is no output of perf script (docs/profiling.md has the format)"
ctl report "$work/none"
is 'no file' "$status:$err" "1:pviommuctl: $work/none: No such file or directory"
ctl report "$work"
is 'a folder' "$status:$err" "1:pviommuctl: $work: Is a directory"
ctl report
is 'nothing to read' "$status" 2
ctl report "$work/known" --output "$work/none/x"
is 'nowhere to write' "$status:$err" "1:pviommuctl: $work/none/x: No such file or directory"

# Memory grows with what differs, not with events.
for ((i = 0; i < 400; i++)); do cat "$data/perf-lazy.txt"; done >"$work/large"
cmp_ok 'a large record' "$(stat -c %s "$work/large")" -gt 10000000
ok 'is read in little memory' bash -c 'ulimit -v 60000; "$1" report "$2" >"$3"' - "$out/pviommuctl/pviommuctl" "$work/large" "$work/text"
like 'and as a whole' "$(cat "$work/text")" "^maps +$(($(count map) * 400))\$"
done_testing
