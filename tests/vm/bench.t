#!/usr/bin/env bash
# make bench in its quick form: the figures have the right shape, are plausible,
# and come again in another boot.
set -u
. "$(dirname "$0")/lib.sh"

bench=$TESTS/../scripts/bench
out=$TEST_LOG/out
json=$out/bench.json

nok 'an unknown subject is refused' "$bench" --subjects strict,odd
nok 'an unknown option is refused' "$bench" --odd
ok 'it runs' "$bench" --quick --subjects strict --runs 2 --out "$out"

# rows FILTER: what jq says of the rows, on one line.
rows() { jq -r "[.[] | $1] | join(\" \")" "$json"; }
# value BENCH SUBJECT METRIC: rounded down.
value() { rows "select(.bench == \"$1\" and .subject == \"$2\" and .metric == \"$3\").value | floor"; }
# between NAME LEAST GREATEST VALUE
between() { if [ -n "$4" ] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ]; then pass "$1"; else fail "$1" "$4 is not in $2 .. $3"; fi; }

is 'each row has all of its fields' "$(jq '[.[] | [.bench, .subject, .metric, .value, .unit, .runs, .spread] |
    map(type) | join(" ")] | unique | join(", ")' "$json")" '"string string string number string number number"'
is 'each row is there once' "$(jq 'length == (unique_by([.bench, .subject, .metric]) | length)' "$json")" true
is 'the benches' "$(jq -r '[.[].bench] | unique | join(" ")' "$json")" 'dma-map-pair iommu-op sg-64'
is 'each was run twice' "$(jq -r '[.[].runs] | unique | join(" ")' "$json")" 2

# A pair makes two hypercalls, one of them with a flush.
is 'hypercalls a pair' "$(value dma-map-pair strict hypercalls)" 2
is 'invalidations a pair' "$(value dma-map-pair strict invalidations)" 1
crossing=$(value iommu-op map insns_b0)
between 'a crossing' 100 1000 "$crossing"
between 'a pair costs more than two crossings' $((crossing * 2)) 10000 "$(value dma-map-pair strict insns_1p)"
between 'a batch is worth it' 50 "$(value iommu-op map insns_b1)" "$(value iommu-op map insns_b64)"
between 'so is a list' 50 "$(value dma-map-pair strict insns_1p)" "$(value sg-64 strict insns_per_page)"

# The phase of Xen's own timer is another in each boot: 1 in 200.
is 'no figure in instructions differs between two boots' \
    "$(rows 'select(.unit == "instructions" and .spread * 200 > .value) | "\(.bench) \(.metric) \(.value) \(.spread)"')" ''
is 'no counter differs' "$(rows 'select(.unit == "1" and .spread > 0.01) | "\(.bench) \(.metric)"')" ''
done_testing
