# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Programs of Debian's packages for a machine, without installing them on the host.

TB_BUILD=$TEST_LOG
. "$TESTS/../scripts/testbed.d/archive.sh"

# The libraries of Xen's own programs.
XEN_LIBRARIES=(libxenmisc4.17 libxen{call,devicemodel,evtchn,foreignmemory,gnttab,toolcore,toollog}1)

# --copy takes a program's libraries from where the loader finds them.
export LD_LIBRARY_PATH=$TEST_LOG/packages/usr/lib/x86_64-linux-gnu

# unpack PACKAGE...: the newest versions, in $TEST_LOG/packages.
unpack() {
    rm -rf "$TEST_LOG/packages"
    archive_suites deb bookworm bookworm-security >"$TEST_LOG/apt.log" &&
        archive_unpack "$TEST_LOG/packages" "$@"
}
