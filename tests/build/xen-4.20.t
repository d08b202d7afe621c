#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hypervisor/ in Xen 4.20, as Debian 13 has it.
set -u
. "$(dirname "$0")/xen.sh"

test_xen 4.20
