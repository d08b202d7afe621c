# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# Debian's kernel, unpacked into the cache, and the modules built against it.

TB_KERNEL=$TB_BUILD/kernel
# The checked-out tree is copied before modules are built in the copy, so that a
# build here and a `make` by hand there never meet in the same directory.
TB_TREE=$TB_BUILD/tree

kernel_known() {
    read -r KREL KVER 2>/dev/null <"$TB_STAMPS/kernel" || return 1
    KDIR=/usr/src/linux-headers-$KREL
    [ -e "$KDIR/Makefile" ] && [ -e "$TB_KERNEL/vmlinux" ]
}

# Xen unpacks a compressed dom0 kernel itself, which under emulation takes ten
# seconds; so it gets the payload of the bzImage (Linux's boot protocol, offsets
# 0x1f1, 0x248 and 0x24c) unpacked once.
unpack_kernel() { # BZIMAGE VMLINUX
    local sectors offset length
    read -r sectors < <(od -An -t u1 -j $((0x1f1)) -N 1 "$1")
    read -r offset length < <(od -An -t u4 -j $((0x248)) -N 8 "$1")
    dd if="$1" of="$2.packed" bs=1M iflag=skip_bytes,count_bytes status=none \
        skip=$(((sectors + 1) * 512 + offset)) count="$length"
    # It ends with its unpacked length: a part of gzip's format, of no other.
    case $(od -An -t x1 -N 6 "$2.packed" | tr -d ' ') in
    fd377a585a00) head -c -4 "$2.packed" | xz -dc ;;
    28b52ffd*) head -c -4 "$2.packed" | zstd -dc ;;
    1f8b*) gzip -dc <"$2.packed" ;;
    *) echo 'the kernel is compressed in an unknown way' >&2; return 1 ;;
    esac >"$2"
    rm "$2.packed"
}

# Headers first: a module must be built for exactly the image that boots.
fetch_kernel() {
    local image krel version
    image=$(apt_dependency linux-image-amd64 linux-image-)
    krel=${image#linux-image-}
    [ -n "$krel" ] || { echo 'apt knows no linux-image-amd64'; return 1; }
    install_packages "linux-headers-$krel"
    # shellcheck disable=SC2016
    version=$(dpkg-query -W -f '${Version}' "linux-headers-$krel")
    rm -rf "$TB_KERNEL"
    if ! download "$image" "$TB_KERNEL/deb" "$version"; then
        echo "the mirror has no image for the installed headers $version: upgrading the headers"
        upgrade_packages "linux-headers-$krel"
        # shellcheck disable=SC2016
        version=$(dpkg-query -W -f '${Version}' "linux-headers-$krel")
        download "$image" "$TB_KERNEL/deb" "$version"
    fi
    dpkg-deb --fsys-tarfile "$TB_KERNEL"/deb/*.deb | tar -x -C "$TB_KERNEL" ./boot ./lib/modules
    rm -r "$TB_KERNEL/deb"
    mv "$TB_KERNEL/boot/vmlinuz-$krel" "$TB_KERNEL/vmlinuz"
    unpack_kernel "$TB_KERNEL/vmlinuz" "$TB_KERNEL/vmlinux"
    depmod -b "$TB_KERNEL" "$krel"
    stamp kernel "$krel $version"
}

# rsync by content: files that did not change keep their time, so make rebuilds
# only what did.
copy_tree() {
    local dir exclude=(--exclude=.git --exclude=/build --exclude='*.o' --exclude='*.ko' --exclude='*.a' --exclude='.*.cmd'
                       --exclude='*.mod' --exclude='*.mod.c' --exclude=Module.symvers --exclude=modules.order)
    mkdir -p "$TB_TREE/tests"
    for dir in kernel hypervisor tests/modules; do
        [ -d "$TB_ROOT/$dir" ] || { rm -rf "${TB_TREE:?}/$dir"; continue; }
        rsync -rlpc --delete "${exclude[@]}" "$TB_ROOT/$dir/" "$TB_TREE/$dir/"
    done
}

# build_modules DIR: DIR is a kbuild directory of the tree.
build_modules() {
    copy_tree
    make -C "$TB_TREE/$1" -j"$TB_JOBS" KDIR="$KDIR"
    ls -l "$TB_TREE/$1"/*.ko
}

module_dirs() {
    local dir
    for dir in kernel/xen-pviommu tests/modules; do
        if [ -e "$TB_ROOT/$dir/Makefile" ] || [ -e "$TB_ROOT/$dir/Kbuild" ]; then echo "$dir"; fi
    done
}

# A module's inputs: its own sources, the headers it shares, the kernel's.
module_hash() {
    hash_of "$1 $KREL $KVER" -- "$TB_ROOT/kernel" "$TB_ROOT/hypervisor/public" "$TB_ROOT/$1"
}
