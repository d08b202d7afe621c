#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hypervisor/ in Xen 4.22, as upstream released in 2026.
set -u
. "$(dirname "$0")/xen.sh"

test_xen 4.22
