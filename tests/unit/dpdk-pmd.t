#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pviommu-pmd on the host: its parts, and frames over virtual NICs that walk
# libpviommu's simulated table, with every mode, mapping, burst and size.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/dpdk-pmd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

built=0
"$root/bench/dpdk-pmd/build.sh" >"$work/build" 2>&1 || built=$?
[ "$built" -ne 77 ] || skip_all "$(tail -n 1 "$work/build")"
is 'it builds' "$built" 0
[ "$built" -eq 0 ] || { diag "$(tail -n 30 "$work/build")"; done_testing; }
mkdir -p "$work/apt/partial"
echo "Dir { Etc { sourcelist \"/dev/null\"; sourceparts \"/dev/null\"; }; State::lists \"$work/apt\"; Cache \"$work/apt\"; };" >"$work/apt.conf"
is 'where there is no archive it says so' \
    "$(APT_CONFIG=$work/apt.conf "$root/bench/dpdk-pmd/headers.sh" "$work/headers" 2>&1 | tail -n 1; echo "${PIPESTATUS[0]}")" \
    "headers.sh: Debian's source of DPDK $(cat "$out/headers/.version") can't be fetched: check the network and /etc/apt/sources.list*, \
run apt-get update, and try again
77"
ok 'its parts' "$out/pviommu-pmd-test" --gtest_brief=1

packets=1024
# pmd OPTION...: the output is in $said and $err, the status in $status.
pmd() {
    status=0
    said=$(timeout 300 "$out/pviommu-pmd" --warmup 512 --packets "$packets" "$@" 2>"$work/err" </dev/null) || status=$?
    err=$(cat "$work/err")
}
# json EXPRESSION: of the results, as Python sees them in r.
json() { python3 -c "import json, sys; r = json.load(open(sys.argv[1]))['results']; print($1)" "$work/json"; }

pmd --mode rx,tx,forward --mapping none,burst,single --burst 1,7,32,512 --size 64,1518,9000 --json "$work/json" --csv "$work/csv"
is 'all modes, mappings, bursts and sizes' "$status:$err" 0:
is 'each is measured' "$(json 'len(r), min(x["packets"] for x in r) >= 1024')" '108 True'
is 'and has its line' "$(wc -l <<<"$said"):$(wc -l <"$work/csv"):$(awk -F, '{ print NF }' "$work/csv" | sort -u)" 109:109:21
is 'static: nothing is mapped any more' "$(json 'sum(x["hypercalls"] + x["maps"] + x["map_cycles"] for x in r if x["mapping"] == "none")')" 0
is 'single: two hypercalls a packet' \
    "$(json 'all(1.9 < x["hypercalls"] / x["packets"] < 2.1 for x in r if x["mapping"] == "single")')" True
is 'burst: each packet is mapped, and unmapped' \
    "$(json 'all(0.9 < x[k] / x["packets"] < 1.1 or x["burst"] == 512 for x in r if x["mapping"] == "burst" for k in ("maps", "unmaps"))')" True
is 'burst of 32: one hypercall, the unmaps ride along' \
    "$(json 'all(x["hypercalls"] * 30 <= x["packets"] for x in r if x["mapping"] == "burst" and x["burst"] >= 32)')" True
is 'the parts make up the whole' \
    "$(json 'all(x["map_cycles"] + x["unmap_cycles"] + x["driver_cycles"] == x["cycles"] for x in r)')" True

# The buffers that were freed first come again behind unused buffers.
packets=6000
pmd --mode rx,tx,forward --mapping burst --burst 7,31 --size 64,9000
is 'scattered buffers of a burst' "$status:$err" 0:
packets=1024
pmd --mode rx,tx --mapping burst,burst,burst,burst,single,single,single,single --burst 1
is 'each leaves nothing mapped: there are addresses for the next' "$status:$err" 0:
pmd --mode rfc2544 --mapping none,burst --trial-ms 5 --json "$work/json"
is 'a zero-loss rate is found' "$status:$err:$(json 'len(r), all(x["packets_per_second"] > 0 for x in r)')" '0::4 True'
pmd --loop --mapping burst --json "$work/json"
is 'a port with a loopback wire' "$status:$err" 0:

# A forbidden access of a device ends the run.
for way in tx rx; do
    pmd --stale "$way"
    verb='read'
    [ "$way" = tx ] || verb='write'
    like "$way through a returned buffer" "$status:$err" "^1:pviommu-pmd: fault: a device would $verb 0x[0-9a-f]+, which is not mapped"
    is "$way: and the address is the buffer's" "$(grep -oE '0x[0-9a-f]+' <<<"$err" | sort -u)" "$(sed -n 's/^stale //p' <<<"$said")"
done

# Configuration.
for file in "$root"/bench/dpdk-pmd/examples/*.toml; do
    name=$(basename "$file")
    [ "$name" != nic.toml ] || continue
    pmd --config "$file" --rounds 1 --trial-ms 2 --size 64 --burst 8
    is "examples/$name" "$status:$err" 0:
done
printf 'mapping = ["burst"]\nburst = [2, 4]\nsize = 128\n' >"$work/config"
pmd --config "$work/config" --json "$work/json"
is 'a file sets options' "$(json '[(x["mapping"], x["burst"], x["size"]) for x in r]')" "[('burst', 2, 128), ('burst', 4, 128)]"
pmd --config "$work/config" --burst 8 --json "$work/json"
is 'but the command line has priority' "$(json '[x["burst"] for x in r]')" '[8]'
printf 'brust = 2\n' >"$work/config"
pmd --config "$work/config"
is 'an unknown word' "$status:${err:+said}" 2:said

# Errors.
pmd --help
like '--help' "$status:$said" '^0:.*Sends and receives frames'
is 'the manual has no errors' "$(groff -ww -man -Tutf8 -z "$root/docs/man/pviommu-pmd.1" 2>&1)" ''
manual=$(groff -man -Tascii -P-cbou "$root/docs/man/pviommu-pmd.1" 2>&1)
mapfile -t options < <(grep -oE '^  (-h,)?--[a-z0-9-]+' <<<"$said" | grep -oE '[-]-[a-z0-9-]+')
for option in "${options[@]}"; do
    like "$option is in the manual" "$manual" "^ .*$option\b"
done
pmd --version
is '--version' "$status:$said" "0:pviommu-pmd $(<"$root/VERSION")"
for usage in '--burst 0' '--burst 513' '--size 63' '--size 9001' '--mode fly' '--mapping all' '--mapping vfio' '--packets 0' \
    '--loop --port 0:1.0' '--buffers 64' '--config /none' now; do
    # shellcheck disable=SC2086  # several words
    pmd $usage
    is "wrong usage: $usage" "$status:${err:+said}" 2:said
done
pmd --mapping vfio
like 'the message has the remedy' "$err" 'name them with --port'
pmd --port 0000:ff:1f.7 --sysfs "$work"
like 'a missing port' "$status:$err" '^1:pviommu-pmd: (open the device: .*: the module is not active|.* ports can be used: give them to vfio-pci)'
pmd --json /none/json
is 'an unwritable file' "$status:$err" '1:pviommu-pmd: /none/json: cannot write it'
status=0
"$out/pviommu-pmd" --packets 10 --warmup 0 >/dev/full 2>"$work/err" </dev/null || status=$?
is 'a full disk' "$status:$(cat "$work/err")" '1:pviommu-pmd: stdout: cannot write it'

# Instructions of mapping a packet in bursts of 64: the difference of two numbers of
# packets, with and without. Wall-clock would include the load of the whole machine.
refs() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$out/pviommu-pmd" \
        --warmup 512 --burst 64 --no-verify "$@" 2>&1 >/dev/null | sed -n 's/,//g; s/.*I *refs: *//p' | grep . || echo 0
}
# a_packet MODE MAPPING
a_packet() { echo $((($(refs --mode "$1" --mapping "$2" --packets 40000) - $(refs --mode "$1" --mapping "$2" --packets 20000)) / 20000)); }
# At 3 GHz and an instruction a cycle these are the 67.2 ns of a frame of 64 bytes at 10G.
fits=201
for mode in rx tx; do
    none=$(a_packet "$mode" none)
    cmp_ok "$mode: a packet takes instructions" "$none" -gt 100
    burst=$(($(a_packet "$mode" burst) - none)) single=$(($(a_packet "$mode" single) - none))
    diag "$mode: mapping takes $burst instructions a packet in bursts of 64, $single one by one"
    cmp_ok "$mode: mapping in bursts of 64 takes instructions" "$burst" -gt 10
    cmp_ok "$mode: and fits into 10G and 64 bytes" "$burst" -le "$fits"
    cmp_ok "$mode: single buffers do not fit" "$single" -gt "$fits"
done
done_testing
