#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The allocator and batches on the host: unit tests under ASan and UBSan, with their own sizes and
# with tiny sizes, and threads under TSan (STRESS_SECONDS). userspace/harness has them.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=userspace/harness/build.sh
. "$here/../userspace/harness/build.sh"

build unit tiny stress || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }

# run PROGRAM PREFIX: its results, and a check of its end.
run() {
    local status=0 ended='' failed=$TAP_FAILED test='' line name
    while IFS= read -r line; do
        case $line in
            'ok '* | 'not ok '*)
                name=${line#*- }
                if [ "${line#not}" = "$line" ]; then pass "$2: $name"; else fail "$2: $name"; fi ;;
            1..*) ended=yes ;;
            '# '*) test=${line#\# }; printf '%s\n' "$line" ;;
        esac
    done < <("$OUT/$1" 2>"$build_log"; echo "$?" >"$OUT/$1.status")
    read -r status <"$OUT/$1.status"
    if [ "$ended" = yes ] && [ $((status > 0)) -eq $((TAP_FAILED > failed)) ]; then
        pass "$2: they come to their end"
    else
        fail "$2: they come to their end" "status $status after $test
$(head -n 40 "$build_log")"
    fi
    is "$2: sanitizers have nothing to say" "$(head -n 40 "$build_log")" ''
}
run unit 'as built'
run tiny_unit tiny
ok 'threads race without harm' "$OUT/stress" "${STRESS_SECONDS:-5}"
done_testing
