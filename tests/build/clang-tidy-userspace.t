#!/usr/bin/env bash
# C++ in userspace/: clang-tidy finds nothing.
set -u
. "$(dirname "$0")/tidy.sh"

tidy_all 'userspace/*.cpp'
done_testing
