#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/build/fresh/deb.sh VERSION: on a fresh Debian with the packages in /packages: install, look,
# install again, remove. Prints TAP.
set -u
. /packages/tap.sh
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
version=$1
kernel=$(ls /lib/modules)
pattern=$(sed 's/[+.]/\\&/g' <<<"$kernel")
initrd=/boot/initrd.img-$kernel

contents() { lsinitramfs "$initrd" | grep pviommu | sed -E "s,.*/$pattern/|[.]xz\$,,g" | sort | xargs; }
# init_order: the early scripts of the initramfs up to udev's.
init_order() {
    unmkinitramfs "$initrd" /tmp/initrd
    sed -n 's|^/scripts/init-top/\([^ ]*\) .*|\1|p' "$(find /tmp/initrd -path '*/init-top/ORDER')" | xargs
    rm -r /tmp/initrd
}
ours() { find / -xdev \( -path /proc -o -path /sys -o -path /packages -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg \) -prune -o -name '*pviommu*' -print; }

ok 'install' apt-get install -qq -y --no-install-recommends /packages/*.deb
like 'DKMS has built the module for the installed kernel' "$(dkms status)" "^xen-pviommu/$version, $pattern, x86_64: installed"
is 'the module has the version' "$(modinfo -k "$kernel" -F version xen-pviommu)" "$version"
is 'the initramfs has options, module and script' "$(contents)" \
    'etc/modprobe.d/xen-pviommu.conf scripts/init-top/a-xen-pviommu updates/dkms/xen-pviommu.ko'
like 'the script comes before udev' "$(init_order)" '^(.* )?a-xen-pviommu (.* )?udev'
ok 'the device file has a group' getent group pviommu
is 'and a rule' "$(grep -c 'KERNEL=="xen-pviommu", .*GROUP="pviommu"' /lib/udev/rules.d/50-xen-pviommu.rules)" 1
like 'pviommuctl runs' "$(pviommuctl --version)" "$version"
nok 'its timer is off' test -e /etc/systemd/system/timers.target.wants/pviommu-metrics.timer
ok 'and there' test -e /lib/systemd/system/pviommu-metrics.timer
is 'manual pages' "$(find /usr/share/man -name '*pviommu*' -printf '%f\n' | sort | xargs)" 'libpviommu.3.gz pviommuctl.1.gz'
ok 'tab completion' test -e /usr/share/bash-completion/completions/pviommuctl
is 'the library, for pkg-config' "$(pkg-config --modversion libpviommu)" "$version"
ok 'once more' apt-get install -qq -y --reinstall --no-install-recommends /packages/*.deb
is 'the initramfs is the same' "$(contents)" \
    'etc/modprobe.d/xen-pviommu.conf scripts/init-top/a-xen-pviommu updates/dkms/xen-pviommu.ko'
ok 'purge' apt-get purge -qq -y xen-pviommu-dkms pviommu-tools libpviommu0 libpviommu-dev
is 'the initramfs has nothing of ours' "$(contents)" ''
is 'nor has the system' "$(ours)" ''
done_testing
