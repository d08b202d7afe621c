#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# fallback.sh LINE ERRNO WHY: Xen refuses; xen-swiotlb serves, and the log says
# LINE (an extended regular expression) once. ERRNO and WHY: of the hypercall.
. /root/lib.sh

is 'the log says why, once' "$(said "$1")" 1
# The module loader's own remarks are about any module from elsewhere than Debian.
is 'the log has no other line' "$(dmesg | grep 'xen_pviommu:' | grep -cv 'taint')" 1
diag "$(dmesg | grep 'xen_pviommu:')"
if [ -e "$SYS/state" ]; then
    diag "state $(cat "$SYS/state"), reason $(cat "$SYS/reason")"
    is 'one hypercall, the query' "$(counter hypercalls)" 1
    is 'one op, the query' "$(counter ops)" 1
    is 'no map' "$(counter maps)" 0
    is 'no device' "$(counter devices)" 0
fi
traffic e1000e
disk nvme
if [ -e "$SYS/state" ]; then
    is 'still one hypercall' "$(counter hypercalls)" 1
    is 'still no map' "$(counter maps)" 0
fi
modprobe abi_attack expect="$2" why="$3"
group abi_attack/refused refused
done_testing
