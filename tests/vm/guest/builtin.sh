#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# builtin.sh MODE STATE ISOLATE LINE: the effect of the boot options. LINE is in the log
# once; an empty LINE means no line of the module at all.
. /root/lib.sh
mode=$1 state=$2 isolate=$3 line=$4

nok 'it is no module' test -e /sys/module/xen_pviommu/initstate
is 'the mode' "$(cat "$SYS/mode")" "$mode"
is 'the parameter' "$(cat /sys/module/xen_pviommu/parameters/mode)" "$mode"
is 'the state' "$(cat "$SYS/state")" "$state"
is 'the reason' "$(cat "$SYS/reason")" none
is 'isolation' "$(cat "$SYS/isolate")" "$isolate"
if [ -n "$line" ]; then
    is 'the log says so, once' "$(said "$line")" 1
else
    is 'the log says nothing' "$(said '')" 0
fi

traffic e1000e
disk nvme
if [ "$state" = active ]; then
    is 'three devices' "$(counter devices)" 3
    cmp_ok 'they map' "$(counter maps)" -gt 100
    cmp_ok 'each map is a hypercall at least' "$(counter hypercalls)" -ge "$(counter maps)"
else
    is 'no device' "$(counter devices)" 0
    is 'no map' "$(counter maps)" 0
    is 'no hypercall' "$(counter hypercalls)" 0
fi
is 'no fallback' "$(counter fallbacks)" 0
is 'no op was refused' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
done_testing
