#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each bug of make mutants changes its file: a pattern that no longer matches tests nothing.
set -u
. "$(dirname "$0")/lib.sh"

# idle LIST DIR: bugs that change nothing.
idle() {
    local name file program
    grep -vE '^(#|$)' "$1" | while read -r name file program; do
        [ -f "$2/$file" ] && ! sed -E -z "$program" "$2/$file" | cmp -s - "$2/$file" || echo "$name: $file"
    done
}

is 'the bugs of the hypervisor apply' "$(idle tests/hypervisor/mutants.txt hypervisor)" ''
is 'the bugs of the module apply' "$(idle tests/kernel/mutants.txt kernel/xen-pviommu)" ''
printf 'stale map.c s/no such line//\ngone no-file.c s/x/y/\n' >build/lint/mutants.txt
is 'stale ones are found' "$(idle build/lint/mutants.txt kernel/xen-pviommu | xargs)" 'stale: map.c gone: no-file.c'
done_testing
