# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The hypervisor: Debian's source with hypervisor/ applied, and Debian's binary.

TB_XEN=$TB_BUILD/xen
TB_XEN_SERIES=4.17

fetch_xen() {
    source_lists
    mkdir -p "$TB_XEN"
    fetch_source xen "$TB_XEN_SERIES" "$TB_XEN/pristine"
}

xen_hash() { # NAME
    hash_of "$(cat "$TB_XEN/pristine.version")" "$1" -- "$TB_ROOT/hypervisor" "$TB_HOME/xen.sh"
}

# hypervisor/apply works on a fresh copy, whose contents are then synchronized
# into the tree that make sees: only what really changed gets a new time.
patch_xen() {
    rsync -a --delete "$TB_XEN/pristine/" "$TB_XEN/stage/"
    if [ -e "$TB_ROOT/hypervisor/apply" ]; then
        "$TB_ROOT/hypervisor/apply" "$TB_XEN/stage"
    else
        note 'hypervisor/apply does not exist yet: Xen is built unpatched'
    fi
    mkdir -p "$TB_XEN/source"
    rsync -rlpc --delete "$TB_XEN/stage/" "$TB_XEN/source/"
}

configure_xen() { # OBJECT FRAGMENT...
    local object=$1 config=$TB_XEN/fragment${1#"$TB_XEN/object"}.config
    cat "$TB_XEN/source/debian/xen-kconfig" "${@:2}" >"$config.new"
    # An unchanged configuration must keep its time, or everything recompiles.
    cmp -s "$config" "$config.new" && [ -e "$object/.config" ] && return
    mkdir -p "$object"
    cp "$config.new" "$object/.config"
    make -C "$TB_XEN/source/xen" O="$object" olddefconfig
    mv "$config.new" "$config"
}

# build_xen NAME HASH: xen; or xen-debug, which has what checks Xen itself.
build_xen() {
    local object=$TB_XEN/object${1#xen} fragments=("$TB_ROOT/hypervisor/xen.config")
    [ "$1" = xen ] || fragments+=("$TB_ROOT/hypervisor/$1.config")
    patch_xen
    configure_xen "$object" "${fragments[@]}"
    make -C "$TB_XEN/source/xen" O="$object" -j"$TB_JOBS"
    install_xen "$object/xen.gz" "$1"
    stamp "$1" "$2"
}

# QEMU's multiboot loader wants the ELF file itself.
install_xen() {
    gzip -dc "$1" >"$TB_IMAGES/$2.bin.new"
    mv "$TB_IMAGES/$2.bin.new" "$TB_IMAGES/$2.bin"
}

fetch_unpatched_xen() {
    local package dir=$TB_XEN/unpatched
    package=$(apt_dependency xen-system-amd64 xen-hypervisor-4)
    rm -rf "$dir"
    download "$package" "$dir"
    dpkg-deb -x "$dir"/*.deb "$dir/root"
    install_xen "$(ls "$dir"/root/boot/xen-*.gz)" xen-unpatched
    rm -r "$dir"
    stamp xen-unpatched "$package"
}
