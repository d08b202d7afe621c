#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# isolate.sh: the host map is gone, and devices bind without service by xen_pviommu: their
# mode is off, or memory is short. Then the static map fails.
. /root/lib.sh
modprobe mishap
MISHAP=/sys/module/mishap/parameters
# The chipset has a disk controller in need of the host map.
rmmod ahci
rmmod e1000e
rmmod nvme

bound() { local n=0 dev; for dev; do [ ! -e "$PCI/devices/$dev/driver" ] || n=$((n + 1)); done; echo $n; }
# Debian's Linux 6.12 has virtio_pci built in.
virtio_goes() { rmmod virtio_net; unbind "${virtio[@]}"; }
virtio_comes() { modprobe -a virtio_net virtio_pci; bind "${virtio[@]}"; }
contents() { dd if=/dev/nvme0n1 bs=1M count=8 status=none iflag=direct | sha256sum; }
# any WORD...: an extended regular expression for each.
any() { local IFS='|'; echo "($*)"; }
# refusals WHY DEVICE...: lines of the log with the devices and the remedy.
refusals() {
    local why=$1
    shift
    dmesg | grep -cE "$(any "$@"): xen_pviommu: DMA refused: $why, and the host map is dropped. Restore it \(isolate=0\), then bind"
}

mapfile -t e1000e < <(pci 8086:10d3)
mapfile -t virtio < <(pci 1af4:1041)
mapfile -t nvme < <(pci 1b36:0010)
virtio_goes
is 'the devices are there' "${#e1000e[@]} ${#virtio[@]} ${#nvme[@]}" '2 2 1'
modprobe nvme
retry test -b /dev/nvme0n1
sum=$(contents)
rmmod nvme

# --- off, when the host map is gone

modprobe xen_pviommu mode=strict devices=8086:10d3=off,1af4:1041=off,1b36:0010=strict
modprobe nvme
retry test -b /dev/nvme0n1
ok 'isolate' bash -c "echo 1 >$SYS/isolate"
modprobe e1000e
virtio_comes
is 'off: a NIC is refused, and says why' "$(refusals 'its mode is off' "${e1000e[@]}")" 2
is 'off: its driver does not have the device' "$(bound "${e1000e[@]}")" 0
is 'off: nor does a driver without a mask: a line' "$(refusals 'its mode is off' "${virtio[@]}")" 2
is 'off: and there is no network device' "$(nics e1000e; nics virtio-pci)" ''
is 'the host map is still gone' "$(cat "$SYS/isolate")" 1
is 'the disk works on' "$(contents)" "$sum"
ok 'isolate=0, as the line says' bash -c "echo 0 >$SYS/isolate"
virtio_goes
virtio_comes
bind "${e1000e[@]}"
is 'then the NIC is bound' "$(bound "${e1000e[@]}")" 2
traffic e1000e
traffic virtio-pci
nok 'and isolate is refused' bash -c "echo 1 >$SYS/isolate"
is 'by name' "$(said "isolate refused: $(any "${e1000e[@]}" "${virtio[@]}") needs the host map")" 1
rmmod e1000e
virtio_goes
is 'nothing holds the module but the disk' "$(cat "$SYS/counters/devices")" 1

# --- no memory to serve a new device

again() { rmmod xen_pviommu; modprobe xen_pviommu mode=strict; }
rmmod nvme
again
ok 'isolate, once the NICs are gone' bash -c "echo 1 >$SYS/isolate"
echo percpu >"$MISHAP/starve"
modprobe nvme
is 'the memory was short' "$(cat "$MISHAP/starve")" 1
is 'without memory: the disk is refused, with a reason' "$(refusals 'out of memory' "${nvme[@]}")" 1
ok 'without memory: its driver gives up' retry test ! -e "$PCI/devices/${nvme[0]}/driver"
bind "${nvme[@]}"
ok 'after another bind the disk is back' retry test -b /dev/nvme0n1
is 'and right' "$(contents)" "$sum"
is 'on our path' "$(cat "$PCI/devices/${nvme[0]}/xen_pviommu/path")" pviommu
rmmod nvme
ok 'the host map comes back' bash -c "echo 0 >$SYS/isolate"
again
echo percpu >"$MISHAP/starve"
modprobe nvme
ok 'with the host map the disk is on xen-swiotlb' retry test -b /dev/nvme0n1
is 'and right there' "$(contents)" "$sum"
is 'and says so' "$(said 'out of memory: on xen-swiotlb')" 1
is 'without a device of ours' "$(cat "$SYS/counters/devices")" 0
rmmod nvme
ok 'unload' rmmod xen_pviommu

# --- virtio, where the driver waits for the device

modprobe xen_pviommu mode=strict
virtio_comes
traffic virtio-pci
is 'virtio, bound behind its driver, is on our path' "$(cat "$PCI"/drivers/virtio-pci/*:*/xen_pviommu/path | uniq -c | xargs)" '2 pviommu'
virtio_goes
ok 'unload again' rmmod xen_pviommu

# --- untrusted beats off

echo "${nvme[0]}" >"$MISHAP/untrust"
modprobe xen_pviommu mode=lazy "devices=${nvme[0]}=off"
modprobe nvme
ok 'untrusted and off: bound' retry test -b /dev/nvme0n1
is 'untrusted and off: strict' "$(cat "$PCI/devices/${nvme[0]}/xen_pviommu/mode")" strict
is 'untrusted and off: says so' "$(dmesg | grep -c "${nvme[0]}: xen_pviommu.devices: it is untrusted, so strict and not off")" 1
is 'untrusted and off: right' "$(contents)" "$sum"
rmmod nvme xen_pviommu

# --- no static map: one mode, in every place

echo vmalloc >"$MISHAP/starve"
modprobe xen_pviommu mode=static
is 'the static map had no memory' "$(cat "$MISHAP/starve")" 1
is 'the log names the mode' "$(dmesg | grep -oE 'xen_pviommu: (no static map.*|active.*)' | tail -n 2 | xargs)" \
    'xen_pviommu: no static map (error -12): mode strict instead xen_pviommu: active, mode strict'
is 'and sysfs the same' "$(cat "$SYS/mode")" strict
is 'and the parameter' "$(cat /sys/module/xen_pviommu/parameters/mode)" strict
is 'and pviommuctl' "$(/root/pviommuctl status | sed -n 's/^mode *//p')" strict
modprobe nvme
retry test -b /dev/nvme0n1
is 'and the device' "$(cat "$PCI/devices/${nvme[0]}/xen_pviommu/mode")" strict
ok 'so the device can be isolated' bash -c "echo 1 >$SYS/isolate"
is 'pviommuctl shows a dropped host map' "$(/root/pviommuctl status | sed -n 's/^host_map *//p')" dropped
is 'and is right' "$(contents)" "$sum"
rmmod nvme
ok 'unload, isolated' rmmod xen_pviommu
done_testing
