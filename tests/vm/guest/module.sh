#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# module.sh: xen_pviommu comes and goes, and takes nothing along.
. /root/lib.sh
modprobe abi_attack

usage() { cat "$DEBUG/abi_attack/usage"; }
nothing='claims 0, tables 0, mapped 0, yielded 0, host map 1'

# Devices bound before the module stay with the base ops: the
# drivers go first, and come back later.
bind() { modprobe nvme; retry test -b /dev/nvme0n1; }
unbind() { rmmod nvme; }
contents() { dd if=/dev/nvme0n1 bs=1M count=8 status=none | sha256sum; }
empty=$(sha256sum </dev/null)
# The chipset has a disk controller in need of the host map.
rmmod ahci

is 'before anything' "$(usage)" "$nothing"
sum=$(contents)
nok 'the disk has contents' [ "$sum" = "$empty" ]
unbind
for i in {1..20}; do
    mode=strict
    [ $((i % 2)) -eq 0 ] || mode=static
    modprobe xen_pviommu mode="$mode" || fail "load $i"
    bind
    mark_maps=$(counter maps)
    [ "$(contents)" = "$sum" ] || fail "load $i, $mode: the disk's contents"
    if rmmod xen_pviommu 2>/dev/null; then fail "load $i, $mode: removed under the disk"; fi
    during=$(usage)
    unbind
    rmmod xen_pviommu || fail "unload $i, $mode"
    [ "$(usage)" = "$nothing" ] || fail "unload $i, $mode leaves nothing" "$(usage)"
    [ "$during" != "$nothing" ] || fail "load $i, $mode: the module mapped something"
    [ "$mark_maps" -gt 0 ] || fail "load $i, $mode: the disk was mapped"
done
pass "20 loads and unloads"
is 'after them' "$(usage)" "$nothing"

modprobe xen_pviommu mode=strict
modprobe edu_test
nok 'rmmod is refused while a device uses the module' rmmod xen_pviommu
group edu_test/hold 'a map that lives'
nok 'rmmod is refused while a map lives' rmmod xen_pviommu
group edu_test/dma 'in use'
group edu_test/hold 'a map that lived'
ok 'isolate' bash -c "echo 1 >$SYS/isolate"
like 'the host map is gone' "$(usage)" 'host map 0$'
is 'and sysfs says so' "$(cat "$SYS/host_map")" dropped
group edu_test/isolated 'isolated'
ok 'the driver goes' rmmod edu_test
ok 'unload while isolated' rmmod xen_pviommu
is 'unload puts the host map back' "$(usage)" "$nothing"
modprobe edu_test
group edu_test/base 'behind the unload'
group edu_test/dma 'base ops'
bind
is 'the disk, on the base ops' "$(contents)" "$sum"

# The module comes back under bound drivers, which stay with their base ops.
modprobe xen_pviommu mode=strict
is 'loaded under live devices' "$(counter devices)" 0
is 'the disk works on' "$(echo 3 >/proc/sys/vm/drop_caches; contents)" "$sum"
is 'without a map of ours' "$(counter maps)" 0
nok 'isolate is refused for them' bash -c "echo 1 >$SYS/isolate"
ok 'unload' rmmod xen_pviommu
is 'in the end' "$(usage)" "$nothing"
done_testing
