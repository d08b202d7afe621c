# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests in the virtual machine: boot, run a command in dom0, judge the logs, and
# take over the results.

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$TESTS/tap.sh"
. "$TESTS/vm/devices.sh"

: "${TEST_LOG:=$TESTS/../build/tests/by-hand/$(basename "$0" .t)}"
mkdir -p "$TEST_LOG"

# Several machines share the host, and a CPU with a wrong translation of QEMU's hangs.
export TESTBED_TCG_THREAD=single

# A directory of tests/vm/small-kernel: boot its kernel, with its modules, and have its
# own detectors judge each test (guest/debug.sh). They take time.
: "${VM_KERNEL:=}"
[ -z "$VM_KERNEL" ] || export TESTBED_PATIENCE=4

# VM_XEN=debug: in place of the patched Xen, boot the build with assertions and UBSAN, which
# takes time, too.
: "${VM_XEN:=}"
[ -z "$VM_XEN" ] || export TESTBED_PATIENCE=4
# A debug Xen logs each page that it refuses to dom0: many when abi_attack asks.
ATTACKS=()
[ "$VM_XEN" != debug ] || ATTACKS=(--excuse 'arch/x86/mm\.c:[0-9]+:d0v[0-9]+ ')

# vm NAME [OPTION]... -- COMMAND...: one boot. Sets VM_STATUS, and VM_LOG, the folder of
# stdout, stderr and the logs. The logs are always judged.
vm() {
    local name=$1
    shift
    [ -z "$VM_KERNEL" ] || set -- --kernel "$VM_KERNEL/bzImage" --modules "$VM_KERNEL/modules.cpio" "$@"
    [ "$VM_XEN" != debug ] || [[ " $* " = *\ --unpatched-xen\ * ]] || set -- --debug-xen "$@"
    VM_LOG=$TEST_LOG/$name VM_STATUS=0
    mkdir -p "$VM_LOG"
    "$TESTS/../scripts/testbed" run --judge --log "$VM_LOG" "$@" >"$VM_LOG/stdout" 2>"$VM_LOG/stderr" || VM_STATUS=$?
}

# The meaning of a status of scripts/testbed, for a failed test's details.
vm_trouble() {
    case $VM_STATUS in
        123) echo "the judge found something in $VM_LOG/console.log:"; cat "$VM_LOG/judge.log" ;;
        124) echo "the machine hung: $VM_LOG" ;;
        125) echo "the machine crashed: $VM_LOG" ;;
        *) echo "exit status $VM_STATUS: $VM_LOG" ;;
    esac
    tail -n 15 "$VM_LOG/stderr"
}

# vm_test NAME [OPTION]... -- SCRIPT [ARGUMENT]...: boot, and run a script of
# tests/vm/guest. Its results become ours, and so does how the machine ended.
vm_test() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    options+=(--copy "$TESTS/tap.sh" --copy "$TESTS/vm/guest/lib.sh" --copy "$TESTS/vm/guest/$1")
    if [ -n "$VM_KERNEL" ]; then
        options+=(--copy "$TESTS/vm/guest/debug.sh")
        set -- debug.sh "$@"
    fi
    vm "$name" "${options[@]}" -- bash "$@"
    relay "$name" <"$VM_LOG/stdout"
    # A script with failed results ends with 1: the results have the details.
    if [ "$VM_STATUS" -eq 0 ] || { [ "$VM_STATUS" -eq 1 ] && grep -q '^not ok' "$VM_LOG/stdout"; }; then
        pass "$name: the machine ends well and its logs are clean"
    else
        fail "$name: the machine ends well and its logs are clean" "$(vm_trouble)"
    fi
}

console() { tr -d '\r\0' <"$VM_LOG/console.log"; }
