# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The two harnesses, what is particular about each, and how they are built. The caller may set
# OUT, the folder of objects and programs.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

# use_harness hypervisor|kernel: the rest is about that one.
#   harness subject  its folder; the folder whose files it compiles
#   packages         that it needs, beside those of both
#   max_len          bytes of a fuzzer's input
#   programs         which mutants.sh tries, in this order; seconds of those that take any time
#   helpers          objects of its own that have inline functions of the subject
use_harness() {
    case $1 in
        hypervisor)
            harness=$root/tests/hypervisor subject=$root/hypervisor packages=()
            max_len=600 programs='unit fuzz' stress_seconds=20 fuzz_seconds=60 helpers=peek ;;
        kernel)
            harness=$root/tests/kernel subject=$root/kernel/xen-pviommu packages=(liburcu-dev)
            max_len=400 programs='tiny_unit unit stress fuzz' stress_seconds=10 fuzz_seconds=30 helpers='fast driver' ;;
        *) echo "no harness '$1'" >&2; exit 2 ;;
    esac
    OUT=${OUT:-$root/build/${harness#"$root/"}}
    mkdir -p "$OUT"
    OUT=$(realpath "$OUT")
    build_log=$(mktemp "$OUT/log.XXXXXX")
    trap 'rm -f "$build_log"' EXIT
}

# build TARGET...: one at a time, as the test files share objects.
build() {
    "$root/scripts/install-deps" clang libclang-rt-dev libgtest-dev make xxd "${packages[@]}" >"$build_log" 2>&1 &&
        flock "$OUT/lock" make -C "$harness" -j "$(nproc)" OUT="$OUT" "$@" >"$build_log" 2>&1
}

# need TARGET...: build them, or end the test.
need() { build "$@" || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }; }
