#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sins.sh NAME...: commit these (tests/modules/sins.c).
. /root/lib.sh

modprobe sins
for name; do
    # What reads a page that is not there does not live on.
    expect=ok
    [ "$name" != read_freed_page ] || expect=nok
    "$expect" "$name" bash -c "echo $name >/sys/module/sins/parameters/commit"
done
done_testing
