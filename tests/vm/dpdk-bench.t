#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench's part on DPDK: its rows exist, and are plausible, and bursts reach their goals.
set -u
. "$(dirname "$0")/lib.sh"

out=$TEST_LOG/out
json=$out/bench.json
built=0
"$TESTS/../scripts/install-deps" dpdk libdpdk-dev meson ninja-build pkg-config libcli11-dev libfmt-dev nlohmann-json3-dev \
    libexpected-dev liburcu-dev dpkg-dev xz-utils >&2
"$TESTS/../bench/dpdk-pmd/build.sh" >&2 || built=$?
[ "$built" -ne 77 ] || skip_all "Debian's source of DPDK can't be fetched"
ok 'it runs' "$TESTS/../scripts/bench" --parts dpdk --out "$out"

# value SUBJECT METRIC
value() { jq ".[] | select(.subject == \"$1\" and .metric == \"$2\").value" "$json"; }
# at_most NAME FACTOR OF VALUE: VALUE * FACTOR <= OF
at_most() { is "$1" "$(jq -n "$4 * $2 <= $3")" true; }

is 'its rows' "$(jq -r '[.[] | "\(.bench) \(.subject)"] | group_by(.) | map("\(.[0]) \(length)") | join(", ")' "$json")" \
    'dpdk-burst burst 10, dpdk-burst none 10, dpdk-burst single 10, dpdk-burst vfio 10'
is 'static maps nothing' "$(value none map_unmap_insns_b1) $(value none hypercalls_per_packet_b32)" '0 0'
is 'a burst of 1 is a hypercall' "$(value burst hypercalls_per_packet_b1)" 1
is 'a burst of 32 is one, too' "$(value burst hypercalls_per_packet_b32)" 0.031
is 'one op a hypercall makes two' "$(value single hypercalls_per_packet_b1) $(value single hypercalls_per_packet_b32)" '2 2'
at_most 'a packet costs at least what mapping costs' 1 "$(value burst insns_per_packet_b32)" "$(value burst map_unmap_insns_b32)"
at_most 'instructions: a burst of 32 to one of 1' 4 "$(value burst map_unmap_insns_b1)" "$(value burst map_unmap_insns_b32)"
at_most 'modelled time: a burst of 32 to one of 1' 8 "$(value burst map_unmap_silicon_b1)" "$(value burst map_unmap_silicon_b32)"
at_most 'instructions of a burst of 32 to VFIO' 20 "$(value vfio map_unmap_insns_b32)" "$(value burst map_unmap_insns_b32)"
at_most 'hypercalls of a burst of 32' 16 1 "$(value burst hypercalls_per_packet_b32)"
done_testing
