#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A user without root: each target first lists the packages for root to install. With the
# packages installed, no target needs root.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/dpkg" "$work/home"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp -a --parents -t "$work/tree") 2>/dev/null
as=()
if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 755 "$work"
    chown -R 65534:65534 "$work/tree" "$work/home"
fi
user() { env -u APT_TERMINAL -u MAKEFLAGS -u MAKELEVEL HOME="$work/home" "${as[@]}" "$@"; }

# To dpkg this is a machine with no package at all.
mapfile -t targets < <(make -C "$root" --no-print-directory help | sed -nE 's/^  make ([a-z-]+) .*/\1/p' | grep -vxE 'help|clean')
cmp_ok 'there are targets' "${#targets[@]}" -ge 10
for target in "${targets[@]}"; do
    status=0
    said=$(DPKG_ADMINDIR=$work/dpkg user timeout 60 make -C "$work/tree" --no-print-directory "$target" 2>&1 </dev/null) || status=$?
    cmp_ok "make $target: a status" "$status" -ne 0
    # The command itself, or the title of a step, may precede.
    like "make $target: missing packages" "$(grep -v -e '^== ' -e '^$' -e '^scripts/' -e '^status=' <<<"$said" | head -n 1)" \
        '^[a-z-]+: installing Debian packages needs root; lacking: .*\b(gcc|make|mmdebstrap)\b'
    like "make $target: the remedy" "$said" 'remedy: run it as root, or this first: sudo .*scripts/install-deps .*\b(gcc|make|mmdebstrap)\b'
    is "make $target: nothing is done" "$(find "$work/tree/build" -type f 2>/dev/null | head -n 3)" ''
done

# With all packages: the machine's root file system is built, which took a chroot once.
# shellcheck disable=SC2016  # the inner shell's
build='set -euo pipefail; TB_HOME=$PWD/scripts/testbed.d TB_INTERACTIVE=
    for part in common packages rootfs; do . "$TB_HOME/$part.sh"; done
    mkdir -p "$TB_IMAGES" "$TB_STAMPS"; build_base hash'
mapfile -t packages < <("$root/scripts/testbed" packages)
if [ -z "$(lacking "${packages[@]}")" ]; then
    ok 'the root file system is built' user env -C "$work/tree" bash -c "$build"
    ok 'and packed' test -s "$work/tree/build/testbed/images/base.cpio"
    # A library missing on board is found, even if the host has the library.
    find "$work/tree/build/testbed/base" -name 'libaio.so*' -delete
    # shellcheck disable=SC2016
    like 'a missing library is found' "$(user env -C "$work/tree" bash -c '. scripts/testbed.d/rootfs.sh
        run_from build/testbed/base fio --version; echo "status $?"' 2>&1)" '^not aboard: .*libaio\.so'
else
    skip 'the root file system is built' "packages lack: $(lacking "${packages[@]}" | xargs)"
fi
done_testing
