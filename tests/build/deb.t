#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's packages: built in a fresh Debian, clean by lintian, installed in another with a
# kernel, and removed.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/tap.sh"
. "$root/scripts/apt.sh"
debian=${TEST_DEBIAN:-12}
log=${TEST_LOG:-$root/build/tests/by-hand/deb}
packages=$root/build/deb/$debian
mkdir -p "$log"

[ "$(id -u)" -eq 0 ] || skip_all 'only root can make a fresh Debian'
# The tests of the library and the tools are tests/unit.
ok 'the packages build, clean by lintian' env DEB_BUILD_OPTIONS=nocheck "$root/packaging/build" "$debian"
is 'no other error for a Debian that nobody knows' "$("$root/packaging/build" 11 2>&1)" 'packaging/build: no such Debian: 11: 12 or 13'

# The archives of packages that are downloaded serve both systems.
install_there() {
    mkdir -p "$log/packages"
    cp "$packages"/*.deb "$root/tests/tap.sh" "$root/tests/build/fresh/deb.sh" "$log/packages/"
    mmdebstrap --mode=root --variant=important --format=null --aptopt='Acquire::Retries "3"' \
        --include=linux-image-amd64,linux-headers-amd64,initramfs-tools,pkgconf \
        --skip=download/empty --skip=essential/unlink \
        --setup-hook="mkdir -p \"\$1/var/cache/apt/archives\"" \
        --setup-hook="sync-in '$root/build/deb/archives-$debian' /var/cache/apt/archives" \
        --customize-hook="sync-out /var/cache/apt/archives '$root/build/deb/archives-$debian'" \
        --customize-hook='mkdir "$1/packages"' \
        --customize-hook="sync-in '$log/packages' /packages" \
        --customize-hook="chroot \"\$1\" bash /packages/deb.sh '$(<"$root/VERSION")' >'$log/stdout' || :" \
        "$(sed -n 's/^xen-pviommu (.*) \([a-z]*\); .*/\1/p' "$packages/source/xen-pviommu/debian/changelog")" - \
        <"$root/build/deb/apt/sources.list"
}
ok 'a fresh Debian with a kernel' install_there
relay "Debian $debian" <"$log/stdout"
done_testing
