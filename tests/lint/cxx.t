#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# C++: clang-format changes nothing. (clang-tidy takes longer: tests/build.)
set -u
. "$(dirname "$0")/lib.sh"

for file in $(files '*.cc' '*.cpp' '*.hh' '*.hpp'); do
    ok "clang-format $file" clang-format --dry-run -Werror "$file"
done
printf 'int  main( ){ return 0 ;}\n' >build/lint/bad.cpp
nok 'clang-format finds what is wrong' clang-format --style=file --dry-run -Werror build/lint/bad.cpp
done_testing
