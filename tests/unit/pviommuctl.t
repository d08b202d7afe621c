#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pviommuctl: unit tests of its core, also under ASan and UBSan, and the program
# itself on a sysfs made here. The kernel's refusals come from a preloaded
# library.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/meson/plain
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

ok 'it builds' "$root/userspace/build.sh" plain all
ok 'its unit tests pass' "$out/pviommuctl/pviommuctl-test" --gtest_brief=1
ok 'they build for ASan and UBSan' "$root/userspace/build.sh" asan pviommuctl/pviommuctl-test
ok 'and pass' env UBSAN_OPTIONS=halt_on_error=1 "$root/build/meson/asan/pviommuctl/pviommuctl-test" --gtest_brief=1
[ -x "$out/pviommuctl/pviommuctl" ] || done_testing

# A sysfs like the module's. All counters are 0 unless set.
sys=$work/sys
module=$sys/kernel/xen_pviommu
counters() { sed -nE "s/^\t($1)\\(([a-z_]+),.*/\\2/p" "$root/kernel/xen-pviommu/counter_list.h"; }
mapfile -t total < <(counters 'DEVICE|MODULE')
mapfile -t own < <(counters DEVICE)
cmp_ok 'the kernel has counters' "${#total[@]}" -gt 10

# put FILE TEXT...: in the tree, a line.
put() { printf '%s\n' "${*:2}" >"$sys/$1"; }
add_device() { # ADDRESS DRIVER MODE
    local dir=bus/pci/devices/$1/xen_pviommu name
    mkdir -p "$sys/$dir"
    ln -s "../../drivers/$2" "$sys/bus/pci/devices/$1/driver"
    for name in "${own[@]}"; do put "$dir/$name" 0; done
    put "$dir/mode" "$3"
    put "$dir/path" pviommu
}
make_tree() {
    local name
    rm -rf "$sys"
    mkdir -p "$module/counters" "$module/usage" "$sys/bus/pci/devices/0000:00:1f.0"
    for name in "${total[@]}" bfns_in_use leftover files pinned devices; do put "kernel/xen_pviommu/counters/$name" 0; done
    for name in claims tables mapped yielded; do put "kernel/xen_pviommu/usage/$name" 5; done
    for name in 'state active' 'reason none' 'mode strict' 'isolate 0' 'host_map whole' 'vfio 0' 'flush ' 'counters/devices 2'; do
        put "kernel/xen_pviommu/${name% *}" "${name#* }"
    done
    add_device 0000:00:03.0 e1000e strict
    add_device 0000:00:04.0 nvme lazy
}
make_tree

# ctl ARGUMENT...: the output is in $said and $err, the status in $status.
ctl() {
    status=0
    said=$(timeout 60 "$out/pviommuctl/pviommuctl" --sysfs "$sys" "$@" 2>"$work/err" </dev/null) || status=$?
    err=$(cat "$work/err")
}
refused() { REFUSE=$1 LD_PRELOAD=$out/pviommuctl/refuse.so ctl "${@:2}"; }
# json EXPRESSION: of the output, as j in Python.
json() { python3 -c "import json, sys; j = json.loads(sys.argv[1]); print($1)" "$said"; }

for name in "${total[@]}"; do
    like "docs/boot-options.md has $name" "$(grep '^| `counters/' "$root/docs/boot-options.md")" "[/\`]$name\`"
done

# pviommuctl knows all words of the kernel and the documents.
ctl stats --json
is 'every counter of the kernel is there, and no other' "$(json '*sorted(j["counters"])')" \
    "$(printf '%s\n' "${total[@]}" bfns_in_use leftover files pinned devices | sort | xargs)"
ctl devices --json
is 'and every one of a device' "$(json '*sorted(j[0]["counters"])')" "$(printf '%s\n' "${own[@]}" | sort | xargs)"
for reason in $(sed -nE '/^## The log/,/^## /s/^\| `([a-z-]+)` \|.*/\1/p' "$root/docs/boot-options.md" | grep -v '^reason$'); do
    put kernel/xen_pviommu/state fallback
    put kernel/xen_pviommu/reason "$reason"
    ctl status
    like "$reason has a remedy" "$said" '^remedy +[a-z]'
done
ctl status --json
is 'in JSON too' "$(json '"remedy" in j, j["state"]')" 'True fallback'
# And why a device is not translated.
while IFS= read -r reason; do
    like "$reason: a cause is documented" "$(<"$root/docs/boot-options.md")" "^\| $reason \| [A-Za-z\`]"
done < <(sed -nE 's/^\t\[XEN_IOMMUOP_DEVICE_[a-z_]+\] = "(.*)",/\1/p' "$root/kernel/xen-pviommu/translate.c")
make_tree

# status
ctl status
is 'status' "$status:$said" "0:state     active
mode      strict
reason    none
isolate   off
host_map  whole
vfio      off
usage     claims 5, tables 5, mapped 5, yielded 5
devices   2"
ctl status --json
is 'status --json' "$(json 'j["state"], j["isolate"], j["host_map"], j["usage"]["yielded"], j["devices"]')" 'active False whole 5 2'
# Each of the kernel's words.
for word in $(sed -nE 's/^\t\[PVIOMMU_HOST_[A-Z]+\] = "(.*)",/\1/p' "$root/kernel/xen-pviommu/isolate.c"); do
    put kernel/xen_pviommu/host_map "$word"
    ctl status
    like "the host map is $word" "$said" "^host_map +$word\$"
    is "$word: a remedy for holes" "$(grep -c '^remedy .*isolate' <<<"$said")" "$([ "$word" = holed ] && echo 1 || echo 0)"
done
put kernel/xen_pviommu/host_map whole
refused "read yielded 19" status
is 'devices without an entry in sysfs are left out' "$status:$(grep usage <<<"$said")" '0:usage     claims 5, tables 5, mapped 5'
put kernel/xen_pviommu/state off
ctl status
like 'off has a remedy' "$said" '^remedy +.*modprobe xen-pviommu mode=strict'
make_tree

# check, on a machine that lacks one step
mkdir "$sys/hypervisor"
put hypervisor/type xen
put hypervisor/guest_type PV
ctl check
is 'check' "$status:$said" '1:ok     Xen         a PV domain
ok     module      loaded
ok     state       active, mode strict
ok     start       each device with a driver is served
ok     devices     2 on the module'"'"'s path
lacks  protection  each device reaches all of the host'"'"'s memory
       remedy      pviommuctl isolate on; for each boot: isolate=1 in /etc/modprobe.d/xen-pviommu.conf'
ctl check --json
is 'check --json' "$status:$(json '[(s["step"], "remedy" in s) for s in j if not s["ok"]]')" "1:[('protection', True)]"
put kernel/xen_pviommu/host_map dropped
ctl check
is 'all is done' "$status:$(grep -c '^ok ' <<<"$said")" 0:6
make_tree

# devices
put bus/pci/devices/0000:00:03.0/xen_pviommu/maps 18446744073709551615
put bus/pci/devices/0000:00:03.0/xen_pviommu/reuse_hits 3
put bus/pci/devices/0000:00:03.0/xen_pviommu/reuse_misses 1
rm "$sys/bus/pci/devices/0000:00:04.0/xen_pviommu/leaked"
ctl devices
is 'devices' "$status:$said" "0:DEVICE        DRIVER  MODE    PATH                     MAPS  UNMAPS  REUSE  FALLBACKS  LEAKED
0000:00:03.0  e1000e  strict  pviommu  18446744073709551615       0  75.0%          0       0
0000:00:04.0  nvme    lazy    pviommu                     0       0      -          0       -"
ctl devices --json
is 'devices --json' "$(json 'j[0]["counters"]["maps"], j[0]["reuse_hit_rate"], "leaked" in j[1]["counters"], j[1]["driver"]')" \
    '18446744073709551615 0.75 False nvme'
put bus/pci/devices/0000:00:04.0/xen_pviommu/unmaps 12x
ctl devices
is 'junk names its file' "$status:$err" \
    "1:pviommuctl: $sys/bus/pci/devices/0000:00:04.0/xen_pviommu/unmaps: unexpected content: '12x '"
make_tree

# mode
mode_file=bus/pci/devices/0000:00:03.0/xen_pviommu/mode
ctl mode 0000:00:03.0
is 'mode is shown' "$status:$said" '0:0000:00:03.0 strict'
ctl mode 00:03.0 lazy
is 'and set' "$status:$said:$(cat "$sys/$mode_file")" '0:0000:00:03.0 lazy:lazy'
ctl mode 00:09.0 lazy
is 'no such device' "$status:$err" '2:pviommuctl: 0000:00:09.0: no such device. Served: 0000:00:03.0, 0000:00:04.0'
ctl mode 00:1f.0
like 'an unserved device' "$status:$err" '^2:.*0000:00:1f.0: not served .*bind it again.* Served: 0000:00:03.0, 0000:00:04.0$'
ctl mode ../../x lazy
is 'no address' "$status:$err" '2:pviommuctl: ../../x: no PCI address, as 0000:00:03.0 or 00:03.0 is'
ctl mode 00:03.0 'lazy strict'
is 'a mode of two words is wrong usage' "$status" 2
while read -r error mode want; do
    refused "write mode $error" mode 00:03.0 "$mode"
    like "errno $error for $mode" "$status:$err" "^1:pviommuctl: 0000:00:03.0: mode $mode refused: .*$want"
done <<'END'
1 lazy untrusted
16 static load the module with mode=static
22 quick 'quick' is no mode: static, reuse, lazy and strict are
22 off devices=0000:00:03.0=off
19 lazy bind its driver again
13 lazy only root
5 lazy Input/output error: dmesg
END
is 'a refused change is not shown as done' "$said" ''

# isolate and flush
ctl isolate
is 'isolate is shown' "$status:$said" 0:off
ctl isolate on
is 'and set' "$status:$said:$(cat "$module/isolate")" 0:on:1
ctl isolate off
is 'and reset' "$status:$said:$(cat "$module/isolate")" 0:off:0
ctl isolate maybe
is 'but not to another word' "$status" 2
refused "write isolate 16" isolate on
like 'a device in need of the host map' "$status:$err" "^1:.*isolate on refused: .*dmesg \| grep 'isolate refused'"
refused "write isolate 12" isolate off
like 'no memory' "$status:$err" '^1:.*isolate off refused: Cannot allocate memory: dmesg'
ctl vfio
is 'vfio is shown' "$status:$said" 0:off
ctl vfio on
is 'and set' "$status:$said:$(cat "$module/vfio"):$(cat "$module/isolate")" 0:on:1:0
refused "write vfio 16" vfio on
like 'earlier drivers' "$status:$err" "^1:.*vfio on refused: .*dmesg \| grep 'vfio=1 refused'.*before"
refused "write vfio 16" vfio off
like 'a device of VFIO' "$status:$err" "^1:.*vfio off refused: .*dmesg \| grep 'vfio=0 refused'.*unbind it from vfio-pci"
refused "write vfio 95" vfio on
like 'no IOMMU API' "$status:$err" '^1:.*vfio on refused: .*CONFIG_IOMMU_API'
ctl flush
is 'flush' "$status:$said:$(cat "$module/flush")" 0::1
put kernel/xen_pviommu/state fallback
put kernel/xen_pviommu/reason passthrough
for command in 'isolate on' 'vfio on' flush; do
    refused "write ${command% on} 19" $command
    like "$command, when the module is not active" "$status:$err" "^1:.*$command refused: .*fallback: DMA bypasses.*dom0-iommu=passthrough"
done
make_tree

# Not root, even in a root's run: a copy of the program, in a folder for all users.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$work"
    cp "$out/pviommuctl/pviommuctl" "$work/"
    err=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$work/pviommuctl" --sysfs "$sys" mode 00:03.0 lazy 2>&1)
    is 'not root' "$?:$err" '1:pviommuctl: 0000:00:03.0: mode lazy refused: Permission denied: only root may write there, and only where sysfs is writable: use sudo'
else
    skip 'not root' 'it takes root to become somebody else'
fi

# stats
for line in 'maps 100' 'hypercalls 50' 'ops 200' 'flush_strict 3' 'flush_ride 1' 'reuse_hits 1' 'bfns_in_use -4'; do
    put "kernel/xen_pviommu/counters/${line% *}" "${line#* }"
done
rm "$module/counters/queued"
ctl stats
is 'stats' "$(sed -nE '/^(maps|bfns_in_use|queued|ops per|hypercalls per|reuse hit|flushes:.*(strict|ride))/s/ {2,}/=/p' <<<"$said" | xargs -d '\n')" \
    'maps=100 bfns_in_use=0 ops per hypercall=4.00 hypercalls per map=0.50 reuse hit rate=100.0% flushes: strict=75.0% flushes: ride=25.0%'
ctl stats --json
is 'stats --json' "$(json 'j["counters"]["maps"], j["ratios"]["ops_per_hypercall"], j["ratios"]["flush_shares"]["ride"], "queued" in j["counters"]')" \
    '100 4.0 0.25 False'
ctl stats --device 00:03.0 --json
is 'stats --device' "$status:$(json 'j["counters"]["maps"], "ops" in j["counters"]')" '0:0 False'
make_tree

# stats --watch. Its first and last files are pipes: their writer knows the place of
# the watcher, and may change all other files after the last.
# snapshot MAPS OPS HYPERCALLS: the watcher's next snapshot.
snapshot() {
    put kernel/xen_pviommu/counters/ops "$2"
    put kernel/xen_pviommu/counters/hypercalls "$3"
    put kernel/xen_pviommu/counters/maps "$1"
    put kernel/xen_pviommu/counters/devices 2
}
rm "$module/counters/maps" "$module/counters/devices"
mkfifo "$module/counters/maps" "$module/counters/devices"
# await TEXT: until the watcher prints the text, but not for ever.
await() { timeout 60 bash -c 'until grep -qs -e "$1" "$2"; do sleep 0.05; done' - "$1" "$work/watched"; }
watched() { exec "$out/pviommuctl/pviommuctl" --sysfs "$sys" stats --watch 0.1 "$@" >"$work/watched" 2>&1; }
watched --count 3 --json &
for values in '100 10 10' '300 40 20' '5 1 1' '6 3 2'; do snapshot $values; done
wait $!
is 'stats --watch ends' "$?" 0
mapfile -t line <"$work/watched"
is 'one object a line' "${#line[@]}" 3
said=${line[0]}
is 'differences' "$(json 'j["differences"]["maps"], j["differences"]["ops"], j["gauges"]["devices"], j["ratios"]["ops_per_hypercall"]')" '200 30 2 3.0'
is 'rates' "$(json 'abs(j["rates"]["maps"] * j["seconds"] - 200) < 1e-6, j["seconds"] >= 0.09')" 'True True'
said=${line[1]}
is 'a restart is an event' "$(json 'sorted(j), j["event"]')" "['event', 'time'] counters restarted"
said=${line[2]}
is 'and the next interval counts again' "$(json 'j["differences"]["maps"], j["differences"]["ops"]')" '1 2'

watched --count 2 &
for values in '100 10 10' '300 40 20' '5 1 1'; do snapshot $values; done
wait $!
is 'stats --watch, as text' "$(sed -E 's/ +/ /g; s/[0-9.]+$/R/; s/^[0-9.]+ s/T s/' "$work/watched" | xargs -d '\n')" \
    'T s more per second maps 200 R hypercalls 10 R ops 30 R bfns_in_use R leftover R files R pinned R devices R ops per hypercall R hypercalls per map R  counters restarted'

# Loaded anew, with counters that have grown past the old ones: another directory.
rm -f "$work/watched"
watched --json &
snapshot 100 10 10
cp -r "$module" "$work/new"
mv "$module" "$work/old"
await .
like 'an unloaded module' "$(cat "$work/watched")" '"event":"not loaded"'
mv "$work/new" "$module"
for values in '900 90 90' '950 95 95'; do snapshot $values; done
await differences
# The watcher waits at the pipe again, where only this signal arrives.
kill -KILL $!
wait $! 2>/dev/null
said=$(grep differences "$work/watched" | head -n 1)
is 'and back counts from there' "$(json 'j["differences"]["maps"]')" 50
like 'and says so' "$(cat "$work/watched")" '"event":"counters restarted"'

# The same without a visible gap.
rm -f "$work/watched"
watched --count 1 --json &
watcher=$!
snapshot 100 10 10
cp -r "$module" "$work/new"
rm -rf "$work/old"
mv "$module" "$work/old" && mv "$work/new" "$module"
(snapshot 900 90 90) &
snapshots=$!
await .
unlike 'no reload is taken for progress' "$(cat "$work/watched")" differences
kill "$snapshots" 2>/dev/null
# It may wait at a pipe that nobody writes to any more.
timeout 60 tail --pid="$watcher" -f /dev/null || kill -KILL "$watcher"
wait
make_tree

# (The shell's children ignore SIGINT; the watchers wait for the signal all the same.)
for command in 'stats --watch 0.05' 'top --interval 0.05'; do
    rm -f "$work/watched"
    # shellcheck disable=SC2086  # several words
    "$out/pviommuctl/pviommuctl" --sysfs "$sys" $command >"$work/watched" 2>&1 &
    await .
    kill -INT $!
    # With a bound: a deaf program is a failure and no hang.
    timeout 120 tail --pid=$! -f /dev/null || kill -KILL $!
    wait $! 2>/dev/null
    is "Ctrl-C ends ${command%% *}" "$?" 0
    [ -s "$work/watched" ] || diag 'it said nothing'
done

# metrics
put kernel/xen_pviommu/counters/flush_timer 7
put bus/pci/devices/0000:00:04.0/xen_pviommu/maps 18446744073709551615
rm "$sys/bus/pci/devices/0000:00:04.0/driver"
ln -s '../../drivers/odd "na\me' "$sys/bus/pci/devices/0000:00:04.0/driver"
ctl metrics
is 'metrics' "$status" 0
# Each line is HELP, TYPE or a sample; each sample is below the one TYPE of its family.
judge_metrics() {
    python3 - "$1" <<'PYTHON'
import re, sys
families, current, samples = {}, None, set()
label = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
for line in open(sys.argv[1], newline=''):
    assert line.endswith('\n'), line
    line = line[:-1]
    if m := re.fullmatch(r'# HELP (pviommu_[a-z_]+) \S.*', line):
        assert m[1] not in families, line
        current, families[m[1]] = m[1], None
    elif m := re.fullmatch(r'# TYPE (pviommu_[a-z_]+) (counter|gauge)', line):
        assert m[1] == current and families[current] is None, line
        assert (m[2] == 'counter') == current.endswith('_total'), line
        families[current] = m[2]
    else:
        m = re.fullmatch(r'(pviommu_[a-z_]+)(\{%s(?:,%s)*\})? ([0-9]+)' % (label, label), line)
        assert m and m[1] == current and families[current], line
        assert (m[1], m[2]) not in samples, line
        samples.add((m[1], m[2]))
assert len(samples) > 20, len(samples)
PYTHON
}
printf '%s\n' "$said" >"$work/metrics"
ok 'the metrics are valid for Prometheus' judge_metrics "$work/metrics"
sed 's/_info{state="active"/_info{state="a"b"/' "$work/metrics" >"$work/metrics.bad"
nok '(and a bad label is seen)' judge_metrics "$work/metrics.bad"
like 'a reason' "$said" '^pviommu_flushes_by_reason_total\{reason="timer"\} 7$'
like 'a device' "$said" '^pviommu_device_maps_total\{device="0000:00:04\.0"\} 18446744073709551615$'
like 'an odd driver' "$said" '^pviommu_device_info\{device="0000:00:04\.0",driver="odd \\"na\\\\me",mode="lazy",path="pviommu"\} 1$'
for name in "${total[@]}"; do
    [[ $name = flush_* ]] || like "$name" "$said" "^pviommu_${name}_total [0-9]+$"
done
mkdir "$work/textfile"
ctl metrics --output "$work/textfile/pviommu.prom"
is 'metrics --output' "$status:$said:$(ls "$work/textfile")" 0::pviommu.prom
ok 'has the same' cmp "$work/metrics" "$work/textfile/pviommu.prom"
ctl metrics --output "$work/none/pviommu.prom"
is 'and an error names the path' "$status:$err" "1:pviommuctl: $work/none/pviommu.prom: No such file or directory"

# Other targets: a link, a device, a pipe and an open file stay as they are.
ln -s textfile/pviommu.prom "$work/link"
: >"$work/textfile/pviommu.prom"
ctl metrics --output "$work/link"
is 'metrics into a symlink' "$status:$(readlink "$work/link"):$(cmp "$work/metrics" "$work/textfile/pviommu.prom" && echo same)" \
    '0:textfile/pviommu.prom:same'
ln -s /dev/full "$work/full"
ctl metrics --output "$work/full"
is 'into a full device' "$status:$err:$(readlink "$work/full")" "1:pviommuctl: $work/full: No space left on device:/dev/full"
mkfifo "$work/pipe"
timeout 60 cat "$work/pipe" >"$work/piped" &
ctl metrics --output "$work/pipe"
wait $!
is 'into a FIFO' "$status:$(stat -c %F "$work/pipe"):$(cmp "$work/metrics" "$work/piped" && echo same)" '0:fifo:same'
# (As /dev/stdout, which this test must not lose.)
ln -s /proc/self/fd/1 "$work/stdout"
echo first >"$work/opened"
"$out/pviommuctl/pviommuctl" --sysfs "$sys" metrics --output "$work/stdout" >>"$work/opened"
is 'into the file of stdout' "$?:$(cmp <(echo first; cat "$work/metrics") "$work/opened" && echo same)" 0:same
make_tree

# top
put bus/pci/devices/0000:00:04.0/xen_pviommu/leaked 1
ctl top --count 2 --interval 0.05 --sort leaked
is 'top' "$status:$(grep -c '^DEVICE' <<<"$said")" 0:2
is 'sorted' "$(awk '/^0000/ { print $1 }' <<<"$said" | xargs)" '0000:00:04.0 0000:00:03.0 0000:00:04.0 0000:00:03.0'
unlike 'without a terminal the text is plain' "$said" $'\033'
like 'with figures' "$said" '^0000:00:03\.0 +e1000e +strict +pviommu +0\.0 +0\.0 +0\.0 +- +0\.0 +0$'
said=$(script -qec "'$out/pviommuctl/pviommuctl' --sysfs '$sys' top --count 1 --interval 0.05" /dev/null </dev/null)
like 'on a terminal top draws' "$said" $'^\033\\[\\?1049h\033\\[\\?25l\033\\[Hxen_pviommu active'
like 'and restores the terminal' "$said" $'\033\\[\\?25h\033\\[\\?1049l'
ctl top --sort colour
is 'by a wrong column' "$status" 2

# Usage, and common parts of all commands.
for command in status devices mode isolate vfio flush stats metrics top profile; do
    ctl $command --help
    like "$command --help" "$status:$said" '^Usage: pviommuctl .*'$command
    is "$command without the module" "$(sys=$work/none; mkdir -p "$sys"
        # shellcheck disable=SC2046  # no word, or one
        ctl $command $([ $command = mode ] && echo 00:03.0); echo "$status:$err")" \
        "3:pviommuctl: xen_pviommu is not loaded ($work/none/kernel/xen_pviommu is not there): modprobe xen-pviommu"
done
sys=$work/none ctl metrics
is 'which metrics tell' "$(grep -v '^#' <<<"$said")" 'pviommu_loaded 0'
ctl --help
like 'the statuses are in the help' "$said" '3 xen_pviommu is not loaded'
ctl --version
is 'the version' "$status:$said" "0:pviommuctl $(<"$root/VERSION")"
for usage in '' 'dance' 'status --loud' 'status now' 'mode' 'stats --count 3' 'stats --watch 0' 'stats --watch nan' \
    'stats --watch -1' 'stats --watch 1 --count 0' 'top --interval x'; do
    # shellcheck disable=SC2086  # several words
    ctl $usage
    is "wrong usage: $usage" "$status:${err:+said}" 2:said
done
status=0
"$out/pviommuctl/pviommuctl" --sysfs "$work/no-such" status >/dev/null 2>&1 || status=$?
is 'no folder for sysfs' "$status" 2
status=0
"$out/pviommuctl/pviommuctl" --sysfs "$sys" stats >/dev/full 2>"$work/err" || status=$?
is 'a full disk' "$status:$(cat "$work/err")" '1:pviommuctl: stdout: No space left on device'

# The manual and the completion know all commands and options.
if command -v groff >/dev/null; then
    is 'the manual has no errors' "$(groff -ww -man -Tutf8 -z "$root/docs/man/pviommuctl.1" 2>&1)" ''
else
    skip 'the manual has no errors' 'no groff'
fi
manual=$(sed 's/\\-/-/g' "$root/docs/man/pviommuctl.1")
# complete WORD...: bash's offer for the last word.
complete_line() {
    bash -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=" :"
        f=$(complete -p pviommuctl); f=${f#*-F }; ${f% *}; printf "%s\n" "${COMPREPLY[@]}" | xargs' \
        - "$root/userspace/pviommuctl/pviommuctl.bash-completion" "$1"
}
is 'commands are completed' "$(complete_line 'pviommuctl ')" 'check status devices mode isolate vfio flush stats metrics top report profile'
is 'and begun ones' "$(complete_line 'pviommuctl --sysfs /x st')" 'status stats'
is 'devices' "$(complete_line "pviommuctl --sysfs $sys mode ")" '0000:00:03.0 0000:00:04.0'
is 'begun devices, behind the last colon' "$(complete_line "pviommuctl --sysfs=$sys mode 0000:00:0")" '03.0 04.0'
is 'without a domain' "$(complete_line "pviommuctl --sysfs $sys stats --device 00:03")" '03.0'
is 'modes' "$(complete_line "pviommuctl --sysfs $sys mode 00:03.0 s")" 'static strict'
is 'isolate' "$(complete_line 'pviommuctl isolate ')" 'on off'
is 'vfio' "$(complete_line 'pviommuctl vfio ')" 'on off'
is 'and no third word' "$(complete_line 'pviommuctl isolate on ')$(complete_line 'pviommuctl mode 00:03.0 lazy ')" ''
ctl top --help
is 'columns' "$(complete_line 'pviommuctl top --sort ' | tr ' ' ,)" "$(grep -oE '\{device[a-z,]+\}' <<<"$said" | tr -d '{}')"
for command in check status devices mode isolate vfio flush stats metrics top report profile; do
    ctl $command --help
    for option in $(grep -oE '^ +(-[a-z],)?--[a-z]+' <<<"$said" | grep -oE -e '--[a-z]+'); do
        like "$command $option is completed" " $(complete_line "pviommuctl $command -") " " $option "
        like "$command $option is in the manual" "$manual" "$option"
    done
    like "$command is in the manual" "$manual" "^\\.B(R|I)? $command"
done

# All files are installed in their places.
ok 'it installs' env DESTDIR="$work/root" meson install -C "$out" --no-rebuild
is 'its files' "$(cd "$work/root" && find . -type f -name '*pviommuctl*' | sed 's|^\./usr/local/||' | sort | xargs)" \
    'bin/pviommuctl share/bash-completion/completions/pviommuctl share/man/man1/pviommuctl.1'
done_testing
