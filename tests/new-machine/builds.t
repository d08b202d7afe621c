#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The builds of make check on a new machine, except for the build of such a machine.
set -u
. "$(dirname "$0")/lib.sh"

new_machine builds
mapfile -t tests < <(cd "$machine/root/clone" && printf '%s\n' tests/build/*.t | grep -vF new-machine)
works builds make check TESTS="${tests[*]}" JOBS=1
remove_machine
done_testing
