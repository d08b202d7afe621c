#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The hypervisor's files on the host: unit tests under ASan and UBSan, a stress
# test of threads under TSan (STRESS_SECONDS). tests/hypervisor has both.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/hypervisor/build.sh
. "$here/hypervisor/build.sh"

build unit stress || { fail 'it builds' "$(tail -n 30 "$build_log")"; done_testing; }

# Its results, and a check of its end.
status=0 ended=
while IFS= read -r line; do
    case $line in
        'ok '* | 'not ok '*)
            TAP_NR=$((TAP_NR + 1))
            [ "${line#not}" = "$line" ] || TAP_FAILED=$((TAP_FAILED + 1))
            printf '%s\n' "$line" ;;
        1..*) ended=yes ;;
        '# '*) test=${line#\# }; printf '%s\n' "$line" ;;
    esac
done < <("$OUT/unit" 2>"$build_log"; echo "status $?" >"$OUT/unit.status")
read -r _ status <"$OUT/unit.status"
if [ "$ended" = yes ] && [ $((status > 0)) -eq $((TAP_FAILED > 0)) ]; then
    pass 'the unit tests come to their end'
else
    fail 'the unit tests come to their end' "status $status after $test
$(head -n 40 "$build_log")"
fi

is 'sanitizers have nothing to say' "$(head -n 40 "$build_log")" ''
ok 'threads race without harm' "$OUT/stress" "${STRESS_SECONDS:-5}"
done_testing
