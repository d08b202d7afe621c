# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The hypervisor: Debian's source with hypervisor/ applied, and Debian's binary.

TB_XEN=$TB_BUILD/xen
TB_XEN_SERIES=4.17

fetch_xen() {
    source_lists
    mkdir -p "$TB_XEN"
    fetch_source xen "$TB_XEN_SERIES" "$TB_XEN/pristine"
}

xen_hash() {
    hash_of "$(cat "$TB_XEN/pristine.version")" -- "$TB_ROOT/hypervisor" "$TB_HOME/xen.sh"
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

configure_xen() {
    local fragment=$TB_XEN/fragment.config
    cat "$TB_XEN/source/debian/xen-kconfig" >"$fragment.new"
    [ ! -e "$TB_ROOT/hypervisor/xen.config" ] || cat "$TB_ROOT/hypervisor/xen.config" >>"$fragment.new"
    # An unchanged configuration must keep its time, or everything recompiles.
    cmp -s "$fragment" "$fragment.new" && [ -e "$TB_XEN/object/.config" ] && return
    mkdir -p "$TB_XEN/object"
    cp "$fragment.new" "$TB_XEN/object/.config"
    make -C "$TB_XEN/source/xen" O="$TB_XEN/object" olddefconfig
    mv "$fragment.new" "$fragment"
}

build_xen() {
    patch_xen
    configure_xen
    make -C "$TB_XEN/source/xen" O="$TB_XEN/object" -j"$TB_JOBS"
    install_xen "$TB_XEN/object/xen.gz" xen
    stamp xen "$1"
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
