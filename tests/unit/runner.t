#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The runner's own negative control: `make check` turns red for each fault.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/tap.sh"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export TEST_LOGS=$dir/logs

# try NAME BODY STATUS LASTLINE: run a test file with that body under the runner.
try() {
    local said status=0
    printf '#!/bin/bash\n%s\n' "$2" >"$dir/x.t"
    chmod +x "$dir/x.t"
    said=$("$here/run" "$dir/x.t" 2>/dev/null) || status=$?
    is "$1" "$status: $(tail -n 1 <<<"$said")" "$3: $4"
}

try 'all passed is green' 'echo ok 1 - a; echo ok 2 - b; echo 1..2' 0 '2 passed, 0 failed, 0 skipped'
try 'a skip is counted' 'echo "ok 1 - a # SKIP why"; echo 1..1' 0 '0 passed, 0 failed, 1 skipped'
try 'a skipped file is counted' 'echo "1..0 # SKIP why"' 0 '0 passed, 0 failed, 1 skipped'
try 'a failed result is red' 'echo ok 1 - a; echo not ok 2 - b; echo 1..2; exit 1' 1 '1 passed, 1 failed, 0 skipped'
try 'a failed result is red whatever the exit status' 'echo not ok 1 - a; echo 1..1' 1 '0 passed, 1 failed, 0 skipped'
try 'no output at all is red' ':' 1 '0 passed, 1 failed, 0 skipped'
try 'output without a result is red' 'echo all good' 1 '0 passed, 1 failed, 0 skipped'
try 'a plan of nothing without a reason is red' 'echo 1..0' 1 '0 passed, 1 failed, 0 skipped'
try 'a missing plan is red' 'echo ok 1 - a' 1 '1 passed, 1 failed, 0 skipped'
try 'fewer results than planned is red' 'echo 1..2; echo ok 1 - a' 1 '1 passed, 1 failed, 0 skipped'
try 'more results than planned is red' 'echo 1..1; echo ok 1 - a; echo ok 2 - b' 1 '2 passed, 1 failed, 0 skipped'
try 'a result lost in the middle is red' 'echo ok 1 - a; echo ok 3 - b; echo 1..2' 1 '2 passed, 1 failed, 0 skipped'
try 'an exit status is red' 'echo ok 1 - a; echo 1..1; exit 3' 1 '1 passed, 1 failed, 0 skipped'
try 'a crash is red' 'echo ok 1 - a; echo 1..1; kill -SEGV $$' 1 '1 passed, 1 failed, 0 skipped'
try 'a bail-out is red' 'echo ok 1 - a; echo 1..1; echo "Bail out! no"' 1 '1 passed, 1 failed, 0 skipped'
TEST_TIMEOUT=2 try 'a test that hangs is red' 'echo ok 1 - a; echo 1..1; sleep 60' 1 '1 passed, 1 failed, 0 skipped'

is 'a missing file is red' "$("$here/run" "$dir/none.t" | tail -n 1)" '0 passed, 1 failed, 0 skipped'
is 'no tests at all is red' "$("$here/run" | tail -n 1)" '0 passed, 1 failed, 0 skipped'

printf '#!/bin/bash\necho ok 1; echo 1..1\n' >"$dir/a.t"
printf '#!/bin/bash\necho not ok 1; echo 1..1\n' >"$dir/b.t"
cp "$dir/a.t" "$dir/c.t"
chmod +x "$dir"/[abc].t
is 'files in parallel are all counted' "$("$here/run" -j 3 "$dir"/[abc].t | tail -n 1)" \
    '2 passed, 1 failed, 0 skipped'

# shellcheck disable=SC2016  # the test's own
printf '#!/bin/bash\n[ "$TESTBED_XEN $TESTBED_LINUX" = "4.20 6.12" ] && echo ok 1 || echo not ok 1; echo 1..1\n' >"$dir/pair.t"
chmod +x "$dir/pair.t"
like 'a file runs on a pair of Xen and Linux' "$("$here/run" "$dir/pair.t@4.20+6.12")" '^ok   .*/pair\.t@4\.20\+6\.12 '
nok 'and on no other pair' "$here/run" "$dir/pair.t@4.20+6.1"
ok 'with logs of its own' test -s "$dir/logs$dir/pair@4.20+6.12/tap"

# The same for the helpers of tests.
helper() { (tap_start; "$@"; done_testing) | head -n 1; }
like 'ok: green' "$(helper ok x true)" '^ok 1 - x$'
like 'ok: red' "$(helper ok x false)" '^not ok 1 - x$'
like 'nok: red' "$(helper nok x true)" '^not ok 1 - x$'
like 'is: red' "$(helper is x 1 2)" '^not ok 1 - x$'
like 'cmp_ok: green' "$(helper cmp_ok x 2 -gt 1)" '^ok 1 - x$'
like 'cmp_ok: red' "$(helper cmp_ok x 1 -gt 1)" '^not ok 1 - x$'
like 'cmp_ok: red without a number' "$(helper cmp_ok x '' -ge 0)" '^not ok 1 - x$'
like 'like: red' "$(helper like x abc '^b')" '^not ok 1 - x$'
like 'unlike: red' "$(helper unlike x abc b)" '^not ok 1 - x$'
like 'unlike: green' "$(helper unlike x abc d)" '^ok 1 - x$'
# shellcheck disable=SC2016
nok 'done_testing: red after a failure' bash -c '. "$1"; fail x; done_testing' - "$here/tap.sh"

# Results from elsewhere.
relayed() { (tap_start; relay x <<<"$1"; done_testing); }
like 'relay: green' "$(relayed $'ok 1 - a\n1..1')" '^ok 1 - x: a$'
unlike 'relay: green only' "$(relayed $'ok 1 - a\n1..1')" '^not ok'
like 'relay: a failed result is red' "$(relayed $'not ok 1 - a\n1..1')" '^not ok 1 - x: a$'
like 'relay: a skip is a skip' "$(relayed $'ok 1 - a # SKIP why\n1..1')" '^ok 1 - x: a # SKIP why$'
like 'relay: a missing plan is red' "$(relayed 'ok 1 - a')" '^not ok 2 - x: planned nothing, ran 1$'
like 'relay: another plan is red' "$(relayed $'ok 1 - a\n1..2')" '^not ok 2 - x: planned 2, ran 1$'
like 'relay: nothing is red' "$(relayed '')" '^not ok 1 - x: no result$'
like 'relay: a lost result is red' "$(relayed $'ok 2 - a\n1..1')" '^not ok 1 - x: result 1 has the number 2$'

# And the whole way through make: a failed test makes `make check` fail.
checked() { make -s -C "$here/.." -o deps -o build check TESTS="$1" >/dev/null 2>&1; }
ok 'make check is green with a good test' checked "$dir/a.t"
nok 'make check is red with a failed test' checked "$dir/b.t"
done_testing
