#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The allocator and batches against the books of a simulated dom0: the corpus, then
# new inputs for FUZZ_SECONDS.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=userspace/harness/build.sh
. "$here/../userspace/harness/build.sh"

build fuzz || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }

corpus=$OUT/corpus found=$OUT/found
rm -rf "$corpus" "$found"
mkdir -p "$corpus" "$found"
unpack_corpus "$corpus"

# Failing inputs are kept.
story() {
    local input
    for input in "$found"/*; do
        [ -e "$input" ] || continue
        echo "input, for corpus.txt: $(xxd -p "$input" | tr -d '\n')"
        timeout 60 "$OUT/fuzz" "$input" 2>&1 | grep -E 'violation|ERROR|runtime error| in .*/xen-pviommu/' | head -n 20
    done
}

fuzz() { "$OUT/fuzz" -artifact_prefix="$found/" -timeout=20 -rss_limit_mb=3000 "$@" >"$OUT/fuzz.log" 2>&1; }

if fuzz -runs=0 "$corpus"; then pass 'the corpus keeps the rules'
else fail 'the corpus keeps the rules' "$(story)"; fi

seconds=${FUZZ_SECONDS:-10}
if fuzz -seed=1 -max_len=400 -max_total_time="$seconds" "$corpus"; then
    pass "new inputs keep the rules, for $seconds s"
else
    fail "new inputs keep the rules, for $seconds s" "$(story)"
fi
diag "$(grep -E '^#[0-9]+.*DONE|^Done' "$OUT/fuzz.log")"

# An idle fuzzer would be green.
runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$OUT/fuzz.log")
cmp_ok "the fuzzer ran more than the corpus" "${runs:-0}" -gt "$(find "$corpus" -type f | wc -l)"
done_testing
