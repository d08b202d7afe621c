#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench in its quick form: the figures have the right shape, are plausible,
# and come again in another boot.
set -u
. "$(dirname "$0")/lib.sh"

bench=$TESTS/../scripts/bench
out=$TEST_LOG/out
json=$out/bench.json

nok 'an unknown subject is refused' "$bench" --subjects strict,odd
nok 'an unknown part is refused' "$bench" --parts pairs,odd
nok 'an unknown option is refused' "$bench" --odd
ok 'it runs' "$bench" --quick --subjects strict --parts pairs,threads,traffic --runs 2 --out "$out"

# rows FILTER: jq's output for the rows, on one line.
rows() { jq -r "[.[] | $1] | join(\" \")" "$json"; }
# value BENCH SUBJECT METRIC: rounded down.
value() { rows "select(.bench == \"$1\" and .subject == \"$2\" and .metric == \"$3\").value | floor"; }
# between NAME LEAST GREATEST VALUE
between() { if [ -n "$4" ] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]; then pass "$1"; else fail "$1" "$4 is not in $2 .. $3"; fi; }

is 'each row has all of its fields' "$(jq '[.[] | [.bench, .subject, .metric, .value, .unit, .runs, .spread] |
    map(type) | join(" ")] | unique | join(", ")' "$json")" '"string string string number string number number"'
is 'each row is there once' "$(jq 'length == (unique_by([.bench, .subject, .metric]) | length)' "$json")" true
is 'the benches' "$(jq -r '[.[].bench] | unique | join(" ")' "$json")" 'disk dma-map-pair dma-map-threads iommu-op net sg-64'
is 'each loop was run twice' "$(rows 'select(.runs != 2) | .bench' | xargs -n 1 | sort -u | xargs)" 'disk dma-map-threads net'

# A pair makes two hypercalls, one of them with a flush.
is 'hypercalls a pair' "$(value dma-map-pair strict hypercalls)" 2
is 'invalidations a pair' "$(value dma-map-pair strict invalidations)" 1
crossing=$(value iommu-op map insns_b0)
between 'a crossing' 100 1000 "$crossing"
between 'a pair costs more than two crossings' $((crossing * 2)) 10000 "$(value dma-map-pair strict insns_1p)"
between 'a batch is worth it' 50 "$(value iommu-op map insns_b1)" "$(value iommu-op map insns_b64)"
between 'so is a list' 50 "$(value dma-map-pair strict insns_1p)" "$(value sg-64 strict insns_per_page)"

# Two CPUs. The module has checked that it would see a lock.
is 'hypercalls a pair on two CPUs' "$(value dma-map-threads strict hypercalls_2t)" 2
for cpus in 1 2; do
    is "$cpus CPUs: a lock in 50 pairs at most" \
        "$(rows "select(.metric == \"locks_${cpus}t\").value <= 0.02")" true
    is "$cpus CPUs: and none waits for a lock" \
        "$(rows "select(.metric == \"lock_waits_${cpus}t\").value <= 0.001")" true
done

# Traffic. A packet is mapped at both of its ends, but partly in one list.
between 'instructions a packet' 2000 100000 "$(value net xen-swiotlb insns_per_packet)"
between 'instructions a read' 2000 100000 "$(value disk xen-swiotlb insns_per_read)"
is 'xen-swiotlb makes no hypercall' "$(rows 'select(.subject == "xen-swiotlb" and .unit == "1").value' | xargs -n 1 | sort -u)" 0
is 'a read makes two' "$(rows 'select(.bench == "disk" and .metric == "hypercalls_per_read" and .subject == "strict").value * 10 | round')" 20
is 'and is flushed once' "$(rows 'select(.bench == "disk" and .metric == "invalidations_per_read" and .subject == "strict").value * 10 | round')" 10
is 'xen-swiotlb is its own measure' "$(rows 'select(.metric == "throughput" and .subject == "xen-swiotlb").value')" '1 1'
# The price of protection, in events: throughput differs by more from run to run.
between 'hypercalls of 10 packets' 10 40 "$(rows 'select(.bench == "net" and .metric == "hypercalls_per_packet" and .subject == "strict").value * 10 | round')"
between 'invalidations of 10 packets' 5 20 "$(rows 'select(.bench == "net" and .metric == "invalidations_per_packet" and .subject == "strict").value * 10 | round')"

# The phase of Xen's own timer is another in each boot: 1 in 200.
is 'no figure in instructions differs between two boots' \
    "$(rows 'select(.unit == "instructions" and (.bench | IN("net", "disk") | not) and .spread * 200 > .value) | "\(.bench) \(.metric) \(.value) \(.spread)"')" ''
is 'no counter differs' "$(rows 'select(.unit == "1" and (.bench | IN("net", "disk") | not) and .spread > 0.01) | "\(.bench) \(.metric)"')" ''
done_testing
