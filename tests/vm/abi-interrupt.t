#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A batch of 128 ops with an interruption between any two of them.
set -u
. "$(dirname "$0")/lib.sh"

vm_test leaf --no-module --icount --xen-args dom0_mem=768M,max:1024M --timeout 1200 -- abi.sh interrupt
done_testing
