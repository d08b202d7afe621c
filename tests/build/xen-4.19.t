#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hypervisor/ in Xen 4.19, as Qubes 4.3 has it.
set -u
. "$(dirname "$0")/xen.sh"

test_xen 4.19
