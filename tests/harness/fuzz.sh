# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A harness's fuzzer and its corpus.
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"

# unpack_corpus FOLDER: one input a line, in hexadecimal, behind what it is for.
unpack_corpus() {
    local n=0 input
    mkdir -p "$1"
    while read -r _ input; do
        n=$((n + 1))
        xxd -r -p <<<"$input" >"$1/$n"
    done < <(grep -v '^#' "$harness/corpus.txt")
}

# story FOLDER: inputs that failed, with the calls that they make.
story() {
    local input
    for input in "$1"/*; do
        [ -e "$input" ] || continue
        echo "input, for corpus.txt: $(xxd -p "$input" | tr -d '\n')"
        TRACE=1 timeout 60 "$OUT/fuzz" "$input" 2>&1 |
            grep -E '^ *(call|done|flush)|violation|ERROR|runtime error| in .*/xen-pviommu/' | tail -n 40
    done
}

# fuzz NAME ARGUMENT...: a run of the fuzzer breaks no rule.
fuzz() {
    if "$OUT/fuzz" -artifact_prefix="$OUT/found/" -timeout=20 -rss_limit_mb=3000 "${@:2}" >"$OUT/fuzz.log" 2>&1; then
        pass "$1"
    else
        fail "$1" "$(story "$OUT/found")"
    fi
}

# run_fuzzer: the corpus, then new inputs for FUZZ_SECONDS.
run_fuzzer() {
    local corpus=$OUT/corpus seconds=${FUZZ_SECONDS:-15} runs
    rm -rf "$corpus" "$OUT/found"
    mkdir -p "$OUT/found"
    unpack_corpus "$corpus"
    fuzz 'the corpus breaks no rule' -runs=0 "$corpus"
    fuzz "new inputs break no rule, for $seconds s" -seed=1 -max_len="$max_len" -max_total_time="$seconds" "$corpus"
    diag "$(grep -E '^#[0-9]+.*DONE|^Done' "$OUT/fuzz.log")"
    # A fuzzer that does nothing would be green.
    runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$OUT/fuzz.log")
    cmp_ok 'it ran more than the corpus' "${runs:-0}" -gt "$(find "$corpus" -type f | wc -l)"
}
