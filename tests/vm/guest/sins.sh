#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sins.sh NAME...: commit these bugs (tests/modules/sins.c).
. /root/lib.sh

modprobe sins
for name; do
    # A read of an unmapped page kills its process.
    expect=ok
    [ "$name" != read_freed_page ] || expect=nok
    "$expect" "$name" bash -c "echo $name >/sys/module/sins/parameters/commit"
done
done_testing
