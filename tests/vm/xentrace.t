#!/usr/bin/env bash
# Xen's trace buffer, read by Debian's xentrace, says of the hypercalls what the
# module counts.
set -u
. "$(dirname "$0")/lib.sh"
. "$TESTS/../scripts/testbed.d/packages.sh"

# unpack PACKAGE...: the newest ones, without installing them.
unpack() {
    local package
    rm -rf "$TEST_LOG/packages"
    for package in "$@"; do
        download "$package" "$TEST_LOG/packages" || return
    done
    for package in "$TEST_LOG/packages"/*.deb; do
        dpkg -x "$package" "$TEST_LOG/packages" || return
    done
}
ok 'xentrace can be had' unpack xen-utils-4.17 libxenmisc4.17 libxen{call,devicemodel,evtchn,foreignmemory,gnttab,toolcore,toollog}1

# What the program is linked with comes with it.
export LD_LIBRARY_PATH=$TEST_LOG/packages/usr/lib/x86_64-linux-gnu
nvme
vm_test buffer --no-module --qemu-args "$DEVICES" --drivers xen-privcmd,xen-evtchn \
    --copy "$TEST_LOG/packages/usr/lib/xen-4.17/bin/xentrace" -- xentrace.sh
done_testing
