#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# debug.sh SCRIPT [ARGUMENT]...: a test on a debug kernel. In the end all drivers and
# xen_pviommu go, and the kernel reports leaks and the state of its detectors. Reports at
# once are in the log, which is judged.
. /root/lib.sh

relay "$1" < <(bash "/root/$1" "${@:2}")

# DMA_API_DEBUG looks for a driver's mappings at the driver's end.
for device in /sys/bus/pci/devices/*/driver; do
    [ ! -e "$device" ] || basename "$(dirname "$device")" >"$device/unbind"
done
# A test of such mappings names their number in the end, and the number of reports by
# DMA_API_DEBUG.
left=0 caught=0
[ ! -e /tmp/left-behind ] || read -r left caught </tmp/left-behind
[ ! -e "$SYS" ] || [ "$left" -ne 0 ] || ok 'xen_pviommu goes' retry rmmod xen_pviommu
dma() { cat "$DEBUG/dma-api/$1"; }
is 'no other DMA mapping is left' "$(($(dma nr_total_entries) - $(dma num_free_entries)))" "$left"
cmp_ok 'no other misuse of the DMA API' "$(dma error_count)" -le "$caught"
is 'DMA_API_DEBUG still looks' "$(dma disabled)" N
is 'lockdep still looks' "$(awk '/debug_locks:/ { print $2 }' /proc/lockdep_stats)" 1

# Objects younger than 5 s are ignored, and so are changes since the scan before.
sleep 6
for i in 1 2; do
    ok "kmemleak looks ($i)" bash -c "echo scan >$DEBUG/kmemleak"
done
is 'no memory leaked' "$(cat "$DEBUG/kmemleak")" ''
done_testing
