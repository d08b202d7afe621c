#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The module builds against Linux 6.12, from bookworm-backports, without a
# warning. The headers are unpacked beside, through an apt configuration of our
# own: the host's packages and sources stay as they are.
set -u
. "$(dirname "$0")/../lint/lib.sh"
. "$(dirname "$0")/headers.sh"

dir=$TOP/build/linux-6.12
mkdir -p "$dir"

# The host's mirror of Debian's main archive.
mirror=$(debian_suites | awk '!/security/ { print $1; exit }')
[ -n "$mirror" ] || skip_all 'apt knows no Debian archive'
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] $mirror bookworm-backports main" >"$dir/sources.list"
own_apt() { private_apt "$dir" "$@"; }

# fetch: prints the reason of a failure.
fetch() {
    local release
    own_apt apt_get update >"$dir/log" 2>&1 || { tail -n 2 "$dir/log"; return 1; }
    release=$(own_apt apt-cache pkgnames linux-headers-6.12. | sed -n 's/^linux-headers-\(6\.12\..*-amd64\)$/\1/p' |
        grep -v -e -rt- -e -cloud- | sort -V | tail -n 1)
    [ -n "$release" ] || { echo 'no linux-headers-6.12 there'; return 1; }
    unpack_headers "$release" "$dir"
}
[ -e "$dir/release" ] || why=$(fetch) || skip_all "linux 6.12 can't be fetched: $why"
release=$(cat "$dir/release")

# Without BTF, which would want a newer pahole.
build() {
    copy_module "$1" "$dir/work"
    make -C "$dir/work/$1" -j2 KDIR="$dir/root/usr/src/linux-headers-$release" W=1 \
        CONFIG_DEBUG_INFO_BTF_MODULES= >"$dir/build.log" 2>&1 || { tail -n 20 "$dir/build.log"; return 1; }
    find "$dir/work/$1" -name '*.ko' | grep . || { echo 'no module came out'; return 1; }
    ! grep -E 'warning:|WARNING:' "$dir/build.log"
}
for module in kernel/xen-pviommu tests/modules bench/dma-map; do
    ok "$module builds against $release" build "$module"
done
done_testing
