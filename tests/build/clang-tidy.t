#!/usr/bin/env bash
# C++: clang-tidy finds nothing. The compiler's flags are in the nearest
# compile_flags.txt, which clang-tidy finds by itself.
set -u
. "$(dirname "$0")/../lint/lib.sh"

# The static analyzer takes ten times as long as all the rest where each line is a
# branch of a macro: in tests, which run under ASan and UBSan.
tidy() {
    local less=()
    case $1 in
    tests/hypervisor/* | userspace/harness/* | */test*.cpp) less=(--checks='-clang-analyzer-*') ;;
    esac
    clang-tidy --quiet "${less[@]}" "$1" 2>/dev/null | { ! grep -A 3 -E ' (warning|error): '; }
}
export -f tidy

# A header that comes from Linux' sources.
mkdir -p build/bench
ok 'headers' flock build/bench/build.lock make -s -C bench OUT="$TOP/build/bench" headers
mapfile -t sources < <(files '*.cc' '*.cpp')
# Two at a time, each into a file of its own.
rm -rf build/lint/tidy
mkdir -p build/lint/tidy
printf '%s\n' "${sources[@]}" | xargs -r -P "$(nproc)" -I{} bash -c 'tidy "$1" >"build/lint/tidy/${1//\//-}" && echo ok >>"build/lint/tidy/${1//\//-}"' - {}
for file in "${sources[@]}"; do
    is "clang-tidy $file" "$(cat "build/lint/tidy/${file//\//-}")" ok
done
printf 'int main() { int* p = nullptr; return *p; }\n' >build/lint/bad.cpp
nok 'clang-tidy finds what is wrong' tidy build/lint/bad.cpp
printf 'int f(bool a) { return a ? 0 : 0; }\n' >build/lint/test_bad.cpp
nok 'in tests, too' tidy build/lint/test_bad.cpp
done_testing
