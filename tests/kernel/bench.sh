#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The BFN allocator beside Linux' own iova.c: tests/kernel/bench.sh writes
# build/bench/bfn-pair.txt, lines of "bfn-pair SUBJECT METRIC VALUE", and the
# same as rows in bfn-pair.json. Instructions are cachegrind's, as the difference of
# two numbers of pairs. Times are Google Benchmark's, medians of RUNS, interleaved.
# With 2 threads a pair's time is the wall clock over the pairs of both.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
out=build/bench runs=${RUNS:-15}
linux=$out/linux source=/usr/src/linux-source-6.1.tar.xz
scripts/install-deps linux-source-6.1 gcc g++ make valgrind libbenchmark-dev jq xz-utils

# Theirs is taken from Debian's source package, and stays in build/.
files=(drivers/iommu/iova.c include/linux/{iova,rbtree,rbtree_augmented,rbtree_types}.h lib/rbtree.c)
mkdir -p "$linux"
for file in "${files[@]}"; do
    [ -e "$linux/$file" ] && continue
    tar -xJf "$source" -C "$linux" --strip-components=1 "${files[@]/#/linux-source-6.1/}"
    break
done
make -s -C "$here" OUT="$PWD/build/tests/kernel" LINUX="$PWD/$linux" bench
bench=$PWD/build/tests/kernel/bench

refs() { valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$bench" run "$@" 2>&1 >/dev/null | sed -n 's/,//g; s/.*I *refs: *//p'; }

times=$("$bench" --benchmark_format=json --benchmark_min_time=0.05 --benchmark_repetitions="$runs" \
    --benchmark_enable_random_interleaving=true 2>/dev/null)
# SUBJECT ORDER THREADS
ns() { jq --arg name "pairs/${1//-/_}/$2/real_time/threads:$3" '[.benchmarks[] | select(.name == $name and .run_type == "iteration") | 1e9 / .items_per_second] | sort | .[length / 2 | floor] * 1000 | round / 1000' <<<"$times"; }

for order in 0 3; do
    name=bfn-pair
    [ "$order" -eq 0 ] || name=bfn-pair-$((1 << order))p
    for subject in pviommu linux-iova; do
        echo "$name $subject insns $(((10 * ($(refs "$subject" "$order" 200000) - $(refs "$subject" "$order" 100000)) + 50000) / 100000))" |
            sed -E 's/(.)$/.\1/'
        for threads in 1 2; do echo "$name $subject ns_${threads}t $(ns "$subject" "$order" "$threads")"; done
        echo "$name $subject shared_locks $("$bench-locks" run "$subject" "$order" 1000000 | jq ". / 1000000")"
    done
done >"$out/bfn-pair.txt"
jq -R -s --argjson runs "$runs" '[split("\n")[] | select(. != "") | split(" ") | {bench: .[0], subject: .[1], metric: .[2], value: (.[3] | tonumber),
    unit: ({insns: "instructions", shared_locks: "locks"}[.[2]] // "ns"), runs: (if .[2] | startswith("ns") then $runs else 1 end)}]' \
    "$out/bfn-pair.txt" >"$out/bfn-pair.json"
cat "$out/bfn-pair.txt"
