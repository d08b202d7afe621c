#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every shell script there is, under shellcheck.
set -u
. "$(dirname "$0")/lib.sh"

# Fragments set variables for each other: only the whole could tell.
for file in $(shell_scripts); do
    apart=
    head -n 5 "$file" | grep -q '^# shellcheck shell=' && apart=--exclude=SC2034,SC2153,SC2154
    ok "shellcheck $file" shellcheck --severity=warning $apart "$file"
done
# shellcheck disable=SC2016
printf '#!/bin/sh\nrm $1\n' >build/lint/bad.sh
nok 'shellcheck finds what is wrong' shellcheck build/lint/bad.sh
done_testing
