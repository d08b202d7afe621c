#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make bench's parts on real traffic, on processes and on a disk's requests: native Linux,
# isolation, a driver with recycled pages, kernels. Rows exist, and are plausible.
set -u
. "$(dirname "$0")/lib.sh"

out=$TEST_LOG/out
json=$out/bench.json
ok 'it runs' "$TESTS/../scripts/bench" --quick --parts traffic,fork,disk-128k \
    --subjects native-strict,reuse,strict,strict-isolated,static-isolated --out "$out"

# value BENCH SUBJECT METRIC
value() { jq ".[] | select(.bench == \"$1\" and .subject == \"$2\" and .metric == \"$3\").value" "$json"; }
# holds NAME EXPRESSION: of jq.
holds() { is "$1 ($2)" "$(jq -n "$2")" true; }
subjects() { jq -r "[.[] | select(.bench == \"$1\").subject] | unique | join(\" \")" "$json"; }

is 'who moved packets' "$(subjects net)" 'native-strict native-strict-pool reuse reuse-pool static-isolated static-isolated-pool strict strict-isolated strict-isolated-pool strict-pool xen-swiotlb xen-swiotlb-pool'
is 'who read' "$(subjects disk)" 'native-strict reuse static-isolated strict strict-isolated xen-swiotlb'
is 'who forked' "$(subjects fork)" 'off reuse static-isolated strict'
is 'the kernels of requests' "$(subjects disk-128k | sed -E 's/[7-9]\.[0-9]+|6\.(1[89]|[2-9][0-9])/newest/')" '6.1-strict newest-strict'

# A request of 32 scattered pages is one list in 6.1, and 32 segments since 6.17.
for subject in $(subjects disk-128k); do
    segments=32
    [ "$subject" != 6.1-strict ] || segments=1
    holds "$subject: 2 hypercalls for each of $segments" "($(value disk-128k "$subject" hypercalls) * 10 / $segments | round) == 20"
    holds "$subject: and a flush" "($(value disk-128k "$subject" flushes) * 10 / $segments | round) == 10"
    holds "$subject: instructions" "$(value disk-128k "$subject" insns_per_request) as \$n | \$n > 20000 and \$n < 1000000"
done

# A packet is mapped at both of its ends, but partly in one list. On a pool only
# sent frames are mapped.
for subject in native-strict native-strict-pool strict strict-isolated; do
    holds "$subject: a packet has its invalidation" \
        "$(value net "$subject" invalidations_per_packet) as \$n | \$n > 0.1 and \$n < 2"
done
for subject in strict strict-isolated; do
    holds "$subject: 2 hypercalls a read" "($(value disk "$subject" hypercalls_per_read) * 10 | round) == 20"
    holds "$subject: a pool's packet has half the hypercalls, at most" \
        "$(value net "$subject-pool" hypercalls_per_packet) * 2 < $(value net "$subject" hypercalls_per_packet)"
    holds "$subject: and some" "$(value net "$subject-pool" hypercalls_per_packet) > 0.1"
done
is 'native Linux makes no hypercall' "$(value net native-strict hypercalls_per_packet)" 0
holds 'and pays for its own' "$(value net native-strict insns_per_packet) > $(value net xen-swiotlb insns_per_packet)"
is 'xen-swiotlb on a pool is its own measure' "$(value net xen-swiotlb-pool throughput)" 1
holds 'instructions of a packet on a pool' "$(value net xen-swiotlb-pool insns_per_packet) as \$n | \$n > 2000 and \$n < 100000"

# Refused, without any figure; or measured. Hypercalls are for pages that were page
# tables when the map was made, a few of thousands.
for bench in 'net static-isolated' 'net static-isolated-pool' 'disk static-isolated'; do
    read -r bench subject <<<"$bench"
    holds "$bench, $subject: refused, or nearly without hypercalls" \
        "$(jq -c "[.[] | select(.bench == \"$bench\" and .subject == \"$subject\" and (.metric | test(\"refused|hypercalls\"))).value]" "$json") as \$v | (\$v | length) == 1 and (\$v[0] == 1 or \$v[0] < 0.02)"
done
if [ -n "$(value fork static-isolated refused)" ]; then
    is 'forks, static-isolated: refused, and no figure' "$(value fork static-isolated insns)" ''
fi

holds 'a fork' "$(value fork off insns_fork) as \$n | \$n > 100000 and \$n < 10000000"
holds 'a program is dearer' "$(value fork off insns_exec) > $(value fork off insns_fork)"
# Of each burst 128 single pages.
holds 'reuse: mappings idle whenever forks begin' "$(value fork reuse mapped) >= $(value fork strict mapped) + 100"
# Strict leaves no mapping behind for a page table to meet.
for metric in insns_fork insns_exec; do
    holds "strict, $metric: as without the module, to 1 in 100" \
        "($(value fork strict $metric) / $(value fork off $metric) - 1 | fabs) < 0.01"
done
done_testing
