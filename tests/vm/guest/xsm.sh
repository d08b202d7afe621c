#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# xsm.sh allowed|denied: an enforced FLASK policy lets dom0 use the
# hypercall, or not.
. /root/lib.sh

case $1 in
    allowed) state=active reason=none ;;
    denied) state=fallback reason=xsm ;;
esac
is 'state' "$(cat "$SYS/state")" "$state"
is 'reason' "$(cat "$SYS/reason")" "$reason"
mark
traffic e1000e
disk nvme
case $1 in
    allowed)
        cmp_ok 'it maps' "$(since maps)" -gt 100
        cmp_ok 'mappings are unmapped' "$(since unmaps)" -gt $(($(since maps) / 2))
        is 'no fallback' "$(since fallbacks)" 0 ;;
    denied)
        is 'the log says why, once' "$(said 'XSM does not allow iommu_op: xen-swiotlb stays in charge$')" 1
        is 'no map' "$(counter maps)" 0
        is 'no device' "$(counter devices)" 0
        # Xen's own log up to here is the test's account of our hypercalls.
        echo 'xsm: the attacker comes' >/dev/kmsg
        # All ops but query are refused with -EPERM, and query says XSM (1).
        modprobe abi_attack expect=-1 why=1
        group abi_attack/refused refused ;;
esac
is 'no op failed' "$(counter errors)" 0
done_testing
