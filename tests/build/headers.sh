# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Headers of kernels that the host lacks: from Debian's archive, unpacked
# beside. The host's packages stay unchanged.

. "$TOP/scripts/apt.sh"

# own_apt COMMAND ARGUMENT...: apt's commands, with the host's sources. A test of
# another suite has its own.
own_apt() { "$@"; }

# packages_of PACKAGE ERE: its dependencies with a matching name.
packages_of() {
    own_apt apt-cache depends "$1" | sed -nE 's/.*Depends: //p' | grep -E "$2"
}

# unpack_headers RELEASE DIR: the files to build a module for that kernel, in
# DIR/root; DIR/release is written at the end. Prints the reason of a failure.
unpack_headers() {
    local dir=$2 package common kbuild
    mkdir -p "$dir/deb"
    common=$(packages_of "linux-headers-$1" '^linux-headers-.*-common' | head -n 1)
    kbuild=$(packages_of "linux-headers-$1" '^linux-kbuild-' | head -n 1)
    for package in "linux-headers-$1" "$common" "$kbuild"; do
        (cd "$dir/deb" && own_apt apt_get download "$package") >>"$dir/log" 2>&1 || { tail -n 2 "$dir/log"; return 1; }
    done
    rm -rf "$dir/root"
    for package in "$dir"/deb/*.deb; do dpkg-deb -x "$package" "$dir/root"; done
    # Its makefile names the common headers by the place of their installation.
    sed -i "s#/usr/src/#$dir/root/usr/src/#" "$dir/root/usr/src/linux-headers-$1/Makefile"
    echo "$1" >"$dir/release"
    rm -f "$dir"/deb/*
}

# copy_module DIR WORK: the module's directory, and its shared files, in WORK, without products.
copy_module() {
    rm -rf "$2"
    mkdir -p "$2/$(dirname "$1")"
    cp -r hypervisor "$2/"
    cp -r "$1" "$2/$1"
    find "$2" -name '*.o' -delete
}
