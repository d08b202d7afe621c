#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# device.sh GROUP...: /dev/xen-pviommu, from the side of a process.
. /root/lib.sh

# run GROUP: its results become ours.
run() { relay "$1" < <(/root/device "$1" 2>&1); }

is 'the device is root'\''s' "$(stat -c '%a %u %F' /dev/xen-pviommu)" '600 0 character special file'
for group; do
    [ "$group" != broken ] || modprobe behind_the_back
    run "$group"
    if [ "$group" = fields ]; then
        exec 9<>/dev/xen-pviommu
        nok 'rmmod is refused while a file is open' rmmod xen_pviommu
        exec 9<&-
    fi
done
if [ "$group" != broken ]; then
    is 'no op was refused' "$(counter errors)" 0
    is 'no BFN leaked' "$(counter leaked)" 0
    # The chipset's disk controller is ours.
    rmmod ahci
    ok 'unload' rmmod xen_pviommu
    nok 'then there is no device' test -e /dev/xen-pviommu
fi
done_testing
