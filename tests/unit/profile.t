#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pviommuctl report on records of the test machine, and on broken or invented
# records; the figures beside awk's.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/meson/plain
data=$root/tests/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ok 'it builds' "$root/userspace/build.sh" plain pviommuctl/pviommuctl
[ -x "$out/pviommuctl/pviommuctl" ] || done_testing

# ctl ARGUMENT...: the output is in $said and $err, the status in $status.
ctl() {
    status=0
    said=$(timeout 60 "$out/pviommuctl/pviommuctl" "$@" 2>"$work/err") || status=$?
    err=$(cat "$work/err")
}
# json EXPRESSION: of the output, as j in Python.
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

ln -s page.html "$work/page.link"
ln -s report.json "$work/json.link"
rm -f "$work/report.json"
ctl report "$data/perf-lazy.txt" --json --output "$work/json.link" --html "$work/page.link"
is 'into symlinks, which stay' "$status:$(readlink "$work/json.link" "$work/page.link" | xargs):$(grep -c '"pages_mapped"' "$work/report.json"):$(
    grep -c 'id="flame"' "$work/page.html")" '0:report.json page.html:1:1'
ln -s /proc/self/fd/1 "$work/stdout"
ctl report "$data/perf-lazy.txt" --html "$work/stdout" --output "$work/report.text"
is 'a page on stdout' "$status:$(grep -c 'id="flame"' <<<"$said")" 0:1

# A record with lost events.
lost=$(awk '/PERF_RECORD_LOST lost/ { n += $NF } END { print n }' "$data/perf-lost.txt")
cmp_ok 'a record has lost events' "$lost" -gt 0
ctl report "$data/perf-lost.txt" --json
is 'lost events are a status and a message' "$status:${err%%: record*}" \
    "4:pviommuctl: $lost events were lost, so that all figures are too low"
is 'and in the report' "$(json 'j["lost"]')" "$lost"
ctl report "$data/perf-lost.txt"
like 'in the text' "$said" "^lost events +$lost\$"

# Exact figures of an invented record: a + b / B with a = 150, b = 3000.
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

# Unreadable records.
: >"$work/empty"
ctl report "$work/empty" --json
is 'an empty record is valid' "$status:$(json 'j["totals"]["maps"], j["lost"]')" '0:0 0'
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

# Memory grows with different stacks, not with events.
for ((i = 0; i < 400; i++)); do cat "$data/perf-lazy.txt"; done >"$work/large"
cmp_ok 'a large record' "$(stat -c %s "$work/large")" -gt 10000000
ok 'is read in little memory' bash -c 'ulimit -v 60000; "$1" report "$2" >"$3"' - "$out/pviommuctl/pviommuctl" "$work/large" "$work/text"
like 'and as a whole' "$(cat "$work/text")" "^maps +$(($(count map) * 400))\$"

# profile, with a perf made here: the script prints its arguments, answers on its
# control pipe, and prints a record. Counters move at its orders.
sys=$work/sys
module=$sys/kernel/xen_pviommu
mkdir -p "$module/counters" "$sys/bus/pci/devices" "$sys/kernel/tracing/events/"{xen_pviommu,block/block_rq_issue}
echo active >"$module/state"
set_maps() { echo "$1" >"$module/counters/maps"; }
mkdir "$work/bin"
cat >"$work/bin/perf" <<'PERF'
#!/bin/bash
echo "$*" >>"$WORK/asked"
case $1 in
    record)
        [ ! -e "$WORK/refuse" ] || { echo 'Error: no permission' >&2; exit 1; }
        [[ $* =~ --control=fifo:([^,]*),([^ ]*) ]]
        while read -r word <"${BASH_REMATCH[1]}"; do
            echo "$word" >>"$WORK/asked"
            echo ack >"${BASH_REMATCH[2]}"
            [ "$word" != stop ] || exit 0
        done ;;
    script) cat "$WORK/record" ;;
esac
PERF
chmod +x "$work/bin/perf"
profile() {
    rm -f "$work/asked"
    status=0
    said=$(WORK=$work PATH=$work/bin:$PATH timeout 60 "$out/pviommuctl/pviommuctl" --sysfs "$sys" profile "$@" 2>"$work/err") || status=$?
    err=$(cat "$work/err")
}
cp "$data/perf-lazy.txt" "$work/record"
maps=$(count map)
set_maps 100
profile --json --output "$work/json" --html "$work/page.html" --keep "$work/kept" -- bash -c "echo mine; echo $((100 + maps)) >$module/counters/maps"
is 'profile runs the command' "$status:$said:$err" '0:mine:'
said=$(cat "$work/json")
is 'events and counters agree' "$(json 'j["counters"]["exact"], j["counters"]["agreement"]')" 'True events and counters agree exactly'
is 'the title is the command' "$(json 'j["title"].startswith("bash -c echo mine")')" True
ok 'the output of perf is kept' cmp "$work/kept" "$work/record"
ok 'and there is a page' grep -q 'id="flame"' "$work/page.html"
is 'perf is told when' "$(grep -vE '^(record|script)' "$work/asked" | xargs)" 'enable disable stop'
like 'and what' "$(cat "$work/asked")" "^record -q -B -g -k mono -D -1 -m 8M .* -a -e cpu-clock/freq=199,name=cpu-clock/ -e xen_pviommu:\* -e block:block_rq_issue/call-graph=no/$"
set_maps 100
profile --json -- bash -c "echo $((101 + maps)) >$module/counters/maps"
is 'a difference is a status' "$status" 4
is 'and in the report' "$(json 'j["counters"]["agree"], j["counters"]["counters"]["maps"]')" \
    "False {'events': $maps, 'least': $((maps + 1)), 'most': $((maps + 1))}"
set_maps 100
profile -- bash -c 'exit 7'
is 'the status of the command comes first' "$status:${err%%: maps*}" '7:pviommuctl: events and counters differ'
profile --pid $$ --seconds 0.1 --json --buffer 64K
is 'of a process counters say nothing' "$status:$(json 'j["counters"], j["title"] == "process '$$'"')" '0:None True'
like 'perf has its number, and the buffer' "$(cat "$work/asked")" "^record .* -m 64K .* -p $$ "
profile --seconds 0.1 --json -- sleep 60
is 'the time ends the command' "$status" 143
cp "$data/perf-lost.txt" "$work/record"
profile --json --seconds 0.1
is 'lost events are a status' "$status:${err%%: record*}" "4:pviommuctl: $lost events were lost, so that all figures are too low"
# The shell's children ignore SIGINT; perf and pviommuctl wait for the signal all the same.
cp "$data/perf-lazy.txt" "$work/record"
set_maps 5
rm "$work/asked"
WORK=$work PATH=$work/bin:$PATH "$out/pviommuctl/pviommuctl" --sysfs "$sys" profile --pid $$ >"$work/text" 2>&1 &
for _ in {1..600}; do grep -q enable "$work/asked" 2>/dev/null && break; sleep 0.1; done
kill -INT $!
# With a bound: a deaf program is a failure and no hang.
timeout 120 tail --pid=$! -f /dev/null || kill -KILL $!
wait $!
is 'Ctrl-C ends the recording, and the report follows' "$?:$(grep -c '^lost events' "$work/text")" 0:1
is 'nothing is left behind' "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'pviommuctl.??????' -newer "$work/bin/perf" | wc -l)" 0
touch "$work/refuse"
profile -- true
is "perf's message comes through" "$status:$err" '1:pviommuctl: perf record failed: Error: no permission'
rm "$work/refuse"
profile --pid 4194305
is 'no process' "$status:$err" '2:pviommuctl: there is no process 4194305'
profile -- /no/such
is 'no command' "$status:$err" '1:pviommuctl: /no/such: No such file or directory'
mv "$work/bin/perf" "$work/bin/other"
said=$(PATH=$work/bin "$out/pviommuctl/pviommuctl" --sysfs "$sys" profile -- true 2>&1)
is 'no perf' "$?:$said" '1:pviommuctl: perf: No such file or directory: apt install linux-perf'
rmdir "$sys/kernel/tracing/events/xen_pviommu"
profile
like 'no tracepoints' "$status:$err" '^1:pviommuctl: xen_pviommu has no tracepoints: load a module'
rm -r "$sys/kernel/tracing"
profile
like 'no tracefs' "$status:$err" '^1:pviommuctl: .*/events is not there: be root, and mount -t tracefs'
for usage in '--seconds 0' '--pid 0' '--pid 1 --all' '--buffer 8' '--buffer M' '--buffer 08M'; do
    # shellcheck disable=SC2086  # several words
    profile $usage
    is "wrong usage: $usage" "$status" 2
done

# Scripts for where there is no pviommuctl.
ok 'the script for perf is Python' env PYTHONPYCACHEPREFIX="$work" python3 -m py_compile "$root/scripts/perf/pviommu-report.py"
for script in stat record pviommu-report.py; do
    ok "$script --help" "$root/scripts/perf/$script" --help
done
# perf would call its functions, with fields as the tracepoints have them.
said=$(cd "$root/scripts/perf" && python3 - <<'PYTHON'
import runpy, sys, types
sys.modules['perf_trace_context'] = types.ModuleType('perf_trace_context')
m = runpy.run_path('pviommu-report.py')
head = ('name', None, 0, 1, 2, 3, 'comm', [])
m['define_symbolic_value']('xen_pviommu__pviommu_flush', 'reason', 15, 'ride')
for maps, took in ((1, 900), (1, 1100), (4, 2000)):
    m['xen_pviommu__pviommu_batch'](*head, 9, maps, 0, 0, maps, 0, 0, took)
m['xen_pviommu__pviommu_flush'](*head, 15, 7)
m['xen_pviommu__pviommu_map'](*head, 'a', 1, 1, 0)
m['trace_end']()
PYTHON
)
like 'its ops per hypercall' "$said" '^ops per hypercall +2\.00$'
like 'its costs' "$said" '^ +1 +2 +1000$'
like 'its flushes' "$said" '^ +ride +1 +7$'
fields() { sed -n "/^TRACE_EVENT(pviommu_$1,/,/^);/s/.*__field([a-z0-9]*, \([a-z]*\)).*/\1/p" "$root/kernel/xen-pviommu/trace.h" | xargs; }
taken() { grep -A 1 "__pviommu_$1(" "$root/scripts/perf/pviommu-report.py" | xargs | sed -nE 's/.*chain, (.*), \*more.*/\1/p' | tr -d ,; }
is 'a batch has the expected fields' "$(taken batch | sed 's/took/ns/')" "$(fields batch)"
is 'and a flush' "$(taken flush | sed 's/wait/waited/')" "$(fields flush)"
done_testing
