# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# TAP for shell tests, on the host and in the machine. A test file sources this,
# calls the functions below, and ends with done_testing.

# Start anew, in a subshell with a test of its own.
tap_start() { TAP_NR=0 TAP_FAILED=0; }
tap_start

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

pass() { TAP_NR=$((TAP_NR + 1)); printf 'ok %d - %s\n' "$TAP_NR" "$1"; }

# fail NAME [DETAIL]
fail() {
    TAP_NR=$((TAP_NR + 1))
    TAP_FAILED=$((TAP_FAILED + 1))
    printf 'not ok %d - %s\n' "$TAP_NR" "$1"
    [ -z "${2-}" ] || diag "$2"
}

# skip NAME WHY
skip() { TAP_NR=$((TAP_NR + 1)); printf 'ok %d - %s # SKIP %s\n' "$TAP_NR" "$1" "$2"; }

# skip_all WHY: the whole file does not apply here.
skip_all() { printf '1..0 # SKIP %s\n' "$1"; exit 0; }

# ok NAME COMMAND...: the command succeeds. The output of a failed command is shown.
ok() {
    local name=$1 said status=0
    shift
    said=$("$@" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then pass "$name"; else fail "$name" "$* gave $status
$said"; fi
}

# nok NAME COMMAND...: the command fails.
nok() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then fail "$name" "$* succeeded
$said"; else pass "$name"; fi
}

# is NAME GOT WANT
is() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:  $2
want: $3"; fi
}

# cmp_ok NAME LEFT OPERATOR RIGHT: as test(1) compares integers.
cmp_ok() {
    if test "$2" "$3" "$4" 2>/dev/null; then pass "$1"; else fail "$1" "not true: '$2' $3 '$4'"; fi
}

# like NAME TEXT ERE
like() {
    if grep -qE -e "$3" <<<"$2"; then pass "$1"; else fail "$1" "no line matches: $3
$(tail -n 20 <<<"$2")"; fi
}

# unlike NAME TEXT ERE
unlike() {
    if grep -qE -e "$3" <<<"$2"; then fail "$1" "matches $3:
$(grep -E -m 5 -e "$3" <<<"$2")"; else pass "$1"; fi
}

# relay PREFIX: results of other TAP on stdin become ours, under PREFIX. A stream
# without results, or with another plan than results, is a failure.
relay() {
    local line number name seen=0 plan=
    while IFS= read -r line; do
        case $line in
            'ok '* | 'not ok '*)
                seen=$((seen + 1))
                number=${line#not } number=${number#ok } number=${number%% *}
                name=${line#*ok "$number"} name=${name# } name=${name#- }
                if [ "$number" != "$seen" ]; then
                    fail "$1: result $seen has the number $number"
                elif [[ $line = not* ]]; then fail "$1: $name"
                elif [[ $name =~ (.*)\ #\ SKIP\ (.*) ]]; then skip "$1: ${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
                else pass "$1: $name"; fi ;;
            '1..'*) plan=${plan}${line#1..} ;;
            '# '*) printf '%s\n' "$line" ;;
        esac
    done
    [ "$seen" -gt 0 ] || fail "$1: no result"
    [ "$plan" = "$seen" ] || fail "$1: planned ${plan:-nothing}, ran $seen"
}

done_testing() {
    printf '1..%d\n' "$TAP_NR"
    exit $((TAP_FAILED > 0))
}
