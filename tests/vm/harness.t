#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The negative control of the machine's own tests: each fault turns them red.
set -u
. "$(dirname "$0")/lib.sh"

# try NAME HOW OPTION...: the output of vm_test for a machine with such an end.
try() {
    (tap_start
        vm_test "$1" --no-module "${@:3}" -- red.sh "$2"
        done_testing)
}

like 'a failed result is red' "$(try result result)" '^not ok [0-9]+ - result: this is bad'
said=$(try warning warning)
like 'a WARNING in the log is red' "$said" '^not ok [0-9]+ - warning: the machine ends well and its logs are clean'
like 'and the verdict shows it' "$said" 'planted'
unlike 'an excused WARNING is green' "$(try excused warning --excuse 'planted')" '^not ok'
like 'another excuse is none' "$(try other warning --excuse 'implanted')" '^not ok'
like 'a script that ends without a plan is red' "$(try dies dies)" '^not ok [0-9]+ - dies: planned nothing, ran 1'
like 'an exit status is red' "$(try status status)" '^not ok [0-9]+ - status: the machine ends well'
like 'a crash is red' "$(try crash crash)" 'the machine crashed'
like 'a hang is red' "$(try hang hang --timeout 60)" 'the machine hung'
done_testing
