#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make demo on a new machine. The other targets take longer: make check-new-machine.
set -u
. "$(dirname "$0")/../new-machine/lib.sh"

new_machine demo
# The controls: the machine is bare, and a failed network is told from a missing package.
nok 'a command of no installed package is absent' on_it bare bash -c 'command -v column gcc'
like 'the network is needed, and said to be' "$(tap_start; OFFLINE=1 works offline make demo)" '^not ok 1 - make demo: the network failed'
works demo make demo
remove_machine
done_testing
