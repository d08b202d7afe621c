# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The host's side of a running machine. dom0 writes a line to its second serial port and
# waits for a line (`host` in guest/lib.sh), and QEMU follows the order.

# monitor: adds both ends to DEVICES.
monitor() {
    local pipe
    for pipe in serial qmp; do
        rm -f "$TEST_LOG/$pipe".{in,out}
        mkfifo "$TEST_LOG/$pipe".{in,out}
    done
    exec {SERIAL_OUT}<>"$TEST_LOG/serial.out" {SERIAL_IN}<>"$TEST_LOG/serial.in"
    exec {QMP_OUT}<>"$TEST_LOG/qmp.out" {QMP_IN}<>"$TEST_LOG/qmp.in"
    DEVICES+=" -serial pipe:$TEST_LOG/serial -chardev pipe,id=told,path=$TEST_LOG/qmp -mon chardev=told,mode=control"
}

# qmp COMMAND [ARGUMENTS]: waits for the end, and prints QEMU's answer.
qmp() {
    local said
    printf '{"execute": "%s", "arguments": {%s}}\n' "$1" "${2-}" >&"$QMP_IN"
    while read -r said <&"$QMP_OUT"; do
        case $said in *'"return"'* | *'"error"'*) echo "$said"; return ;; esac
    done
}

# answer FUNCTION: for each line of dom0's, FUNCTION LINE prints the answer. In the
# background, for all machines that follow.
answer() {
    local asked
    while read -r asked <&"$SERIAL_OUT"; do
        # Each machine's QEMU wants the handshake first.
        qmp qmp_capabilities >/dev/null
        "$1" "$asked" >&"$SERIAL_IN"
    done &
    ANSWERS=$!
    trap 'kill $ANSWERS' EXIT
}
