#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# C++ outside of userspace/, tests/kernel and bench/dpdk-pmd: clang-tidy finds nothing.
set -u
. "$(dirname "$0")/tidy.sh"

# A header from Linux' sources.
mkdir -p build/bench
ok 'headers' flock build/bench/build.lock make -s -C bench OUT="$TOP/build/bench" headers
tidy_all '*.cpp' ':!userspace' ':!tests/kernel' ':!bench/dpdk-pmd'
printf 'int main() { int* p = nullptr; return *p; }\n' >build/lint/bad.cpp
nok 'clang-tidy finds what is wrong' tidy build/lint/bad.cpp
printf 'int f(bool a) { return a ? 0 : 0; }\n' >build/lint/test_bad.cpp
nok 'in tests, too' tidy build/lint/test_bad.cpp
done_testing
