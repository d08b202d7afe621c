#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# red.sh HOW: for the harness's own negative control, a failing test.
. /root/lib.sh

pass 'this is good'
case $1 in
    result) fail 'this is bad' ;;
    warning) echo '<4>WARNING: CPU: 0 PID: 1 at planted.c:1 planted+0x0/0x1' >/dev/kmsg ;;
    dies) exit 0 ;;
    status) echo "1..1"; exit 7 ;;
    crash) echo c >/proc/sysrq-trigger; sleep 60 ;;
    hang) sleep 600 ;;
esac
done_testing
