#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# make unit and make lint on a new machine.
set -u
. "$(dirname "$0")/lib.sh"

new_machine unit
works unit make unit
works lint make lint
remove_machine
done_testing
