#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# C++ in userspace/ and tests/kernel: clang-tidy finds nothing.
set -u
. "$(dirname "$0")/tidy.sh"

tidy_all 'userspace/*.cpp' 'tests/kernel/*.cpp'
done_testing
