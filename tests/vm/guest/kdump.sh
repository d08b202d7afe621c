#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kdump.sh [ARGUMENT]...: give Xen a crash kernel with them, drop the host map, and panic.
. /root/lib.sh
modprobe -a xen-privcmd xenfs
mount -t xenfs xenfs /proc/xen 2>/dev/null
# The chipset has a disk controller in need of the host map.
rmmod ahci
/root/kexec -p /root/crash-kernel --initrd=/root/crash.gz --append="console=ttyS0,115200 maxcpus=1 irqpoll reset_devices $*" || exit
retry test -b /dev/nvme0n1
echo 1 >"$SYS/isolate" || exit
echo c >/proc/sysrq-trigger
