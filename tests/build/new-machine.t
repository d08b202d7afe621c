#!/usr/bin/env bash
# make demo on a new machine. The other targets take longer: make check-new-machine.
set -u
. "$(dirname "$0")/../new-machine/lib.sh"

new_machine demo
works demo make demo
remove_machine
done_testing
