#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# dom0 panics while the host map is dropped. Xen starts Debian's own crash kernel, which
# writes the head of its dump to a disk, for this test to read. Once with an IOMMU
# driver, and once without, so that DMA goes through Xen's tables of that time.
set -u
. "$(dirname "$0")/lib.sh"
. "$TESTS/vm/packages.sh"

ok 'the machine is built' "$TESTS/../scripts/testbed" build
eval "$("$TESTS/../scripts/testbed" paths)"

ok 'kexec-tools can be had' unpack kexec-tools "${XEN_LIBRARIES[@]}"

# The crash kernel's init: the dump's first 64 KiB go to the disk's second page, and the
# writer's name to the first.
crash_init() {
    cat <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do
    insmod "$module"
done
n=0
until [ -b /dev/nvme0n1 ] || [ $n -eq 100 ]; do
    n=$((n + 1))
    sleep 0.2
done
dd if=/proc/vmcore of=/head bs=4k count=16
{ echo "crash kernel $(uname -r): $(sha256sum </head)"; cat /dev/zero; } | dd of=/head.first bs=4k count=1 iflag=fullblock
[ -b /dev/nvme0n1 ] && cat /head.first /head | dd of=/dev/nvme0n1 bs=4k iflag=fullblock conv=fsync && echo 'crash kernel: the dump is on the disk' >/dev/console
poweroff -f
END
}

# crash_initrd FILE: the init, with the disk's driver and its dependencies.
crash_initrd() {
    local root=$TEST_LOG/initrd n=10 module
    rm -rf "$root"
    mkdir -p "$root"/{bin,dev,modules,proc,sys} && cp "$(command -v busybox)" "$root/bin/" || return
    while read -r _ module _; do
        n=$((n + 1))
        cp "$module" "$root/modules/$n-${module##*/}" || return
    done < <(modprobe --set-version "$KREL" --dirname "$TB_KERNEL" --show-depends nvme | awk '!seen[$2]++')
    crash_init >"$root/init"
    chmod +x "$root/init"
    (cd "$root" && find . | cpio --quiet -o -H newc) | gzip -1 >"$1"
}
ok "the crash kernel has an initrd" crash_initrd "$TEST_LOG/crash.gz"

cp "$TB_KERNEL/vmlinuz" "$TEST_LOG/crash-kernel"

# The events in order; and pages of the disk.
happened() {
    console | grep -oE 'host map dropped|Kernel panic - not syncing: sysrq triggered crash|host map restored|Executing kexec image|the dump is on the disk' |
        uniq | paste -sd,
}
page() { dd if="$TEST_LOG/$DRIVE.img" bs=4k skip="$1" count="$2" status=none; }

# crash NAME [ARGUMENT]: of the crash kernel.
crash() {
    local failed=$TAP_FAILED
    DEVICES=
    nvme
    vm "$1" --mode strict --xen-args crashkernel=256M --qemu-args "$DEVICES" --drivers xen-privcmd,xenfs \
        --copy "$TEST_LOG/packages/sbin/kexec" --copy "$TEST_LOG/crash-kernel" --copy "$TEST_LOG/crash.gz" \
        --copy "$TESTS/tap.sh" --copy "$TESTS/vm/guest/lib.sh" --copy "$TESTS/vm/guest/kdump.sh" -- bash kdump.sh "${@:2}"
    is "$1: dom0 panics, the host map is put back, and the crash kernel writes its dump" "$(happened)" \
        'host map dropped,Kernel panic - not syncing: sysrq triggered crash,host map restored,Executing kexec image,the dump is on the disk'
    is "$1: the disk has the writer's name, and a hash" "$(page 0 1 | tr -d '\0')" "crash kernel $KREL: $(page 1 16 | sha256sum)"
    is "$1: of a dump, an ELF file" "$(page 1 1 | head -c 4 | tail -c 3)" ELF
    ok "$1: with Xen's own note" grep -qa VMCOREINFO_XEN <(page 1 16)
    [ "$TAP_FAILED" -eq "$failed" ] || diag "$(vm_trouble)"
}
driver='DMAR: Intel\(R\) Virtualization Technology'
crash driver
like 'its IOMMU driver was at work' "$(console)" "$driver"
crash no-driver initcall_blacklist=pci_iommu_init
unlike 'it had none' "$(console)" "$driver"
done_testing
