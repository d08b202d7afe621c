# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Programs of unit tests, whose results become those of a test file.
. "$(dirname "${BASH_SOURCE[0]}")/build.sh"

# run_unit PROGRAM NAME: its results, that its status fits them, and silence of the sanitizers.
run_unit() {
    local status failed=$TAP_FAILED
    relay "$2" < <("$OUT/$1" 2>"$build_log"; echo $? >"$OUT/$1.status")
    read -r status <"$OUT/$1.status"
    if [ "$status" -eq $((TAP_FAILED > failed)) ]; then
        pass "$2: they come to their end"
    else
        fail "$2: they come to their end" "status $status
$(head -n 40 "$build_log")"
    fi
    is "$2: sanitizers have nothing to say" "$(head -n 40 "$build_log")" ''
}
