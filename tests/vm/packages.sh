# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Programs of Debian's packages for a machine, without installing them on the host.

. "$TESTS/../scripts/testbed.d/packages.sh"

# The libraries of Xen's own programs.
XEN_LIBRARIES=(libxenmisc4.17 libxen{call,devicemodel,evtchn,foreignmemory,gnttab,toolcore,toollog}1)

# --copy takes a program's libraries from where the loader finds them.
export LD_LIBRARY_PATH=$TEST_LOG/packages/usr/lib/x86_64-linux-gnu

# unpack PACKAGE...: the newest versions, in $TEST_LOG/packages.
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
