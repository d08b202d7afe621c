#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libpviommu.sh: the library's tests on the device.
. /root/lib.sh

# Others map, too: drivers' rings.
mapped=$(cat "$SYS/usage/mapped") bfns=$(counter bfns_in_use)
relay device < <(/root/libpviommu-test --device 2>&1)
is 'no file is left' "$(counter files)" 0
is 'nothing is pinned' "$(counter pinned)" 0
is 'nothing is mapped' "$(cat "$SYS/usage/mapped")" "$mapped"
is 'the windows are back' "$(counter bfns_in_use)" "$bfns"
is 'no op was refused by Xen' "$(counter errors)" 0
is 'no BFN leaked' "$(counter leaked)" 0
done_testing
