#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# unplug.sh: an nvme disk goes while in use, and another disk comes.
. /root/lib.sh

gone() { ! test -e "/sys/bus/pci/devices/$1"; }

rmmod ahci
ok 'the host map can be dropped' bash -c "echo 1 >$SYS/isolate"
disk=$(pci_of /sys/class/nvme/nvme0)
is 'its path' "$(cat "/sys/bus/pci/devices/$disk/xen_pviommu/path")" pviommu
rmmod nvme
before=$(state)
modprobe nvme
retry test -b /dev/nvme0n1

exec 5</dev/nvme0
fio --name=x --filename=/dev/nvme0n1 --direct=1 --rw=randrw --bs=64k --size=32M --time_based --runtime=600 \
    --ioengine=libaio --iodepth=32 --output=/tmp/fio 2>/tmp/fio.err &
fio=$!
sleep 2
like 'QEMU takes the disk out' "$(host 'out first')" '"return"'
ok 'it is gone' retry gone "$disk"
wait "$fio"
cmp_ok 'fio ends with an error' "$?" -ne 0
cmp_ok 'mappings are left while its file is open' "$(counter leftover)" -gt 0
exec 5<&-
comes_to 'all is back when it is closed' "$before"

like 'QEMU puts a disk in' "$(host 'in second')" '"return"'
ok 'it comes' retry test -b /dev/nvme0n1
is 'the disk is the other disk' "$(xargs </sys/class/nvme/nvme0/serial)" second
blocks nvme0n1 'in its place'
rmmod nvme
comes_to 'and leaves nothing' "$before"
is 'no BFN leaked' "$(counter leaked)" 0
is 'no op was refused' "$(counter errors)" 0
is 'no fallback' "$(counter fallbacks)" 0
# None in the end, and one device at it: see debug.sh.
echo '0 1' >/tmp/left-behind
done_testing
