# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# Debian's kernels and the files to build modules for them, unpacked into the cache; and
# the modules built against a kernel.

TB_LINUX_SERIES=(6.1 6.12 newest)

# use_linux SERIES: the kernel of the machine. The checked-out tree is copied before
# modules are built in the copy, so that a build here and a `make` by hand there never
# meet in the same directory.
use_linux() {
    TB_LINUX=$1
    TB_KERNEL=$TB_BUILD/linux-$1
    TB_TREE=$TB_BUILD/tree-$1
}
use_linux "${TESTBED_LINUX:-6.1}"

# For the host's compiler, and not the one that built the kernel: a newer one has an option
# for what -falign-functions does. BTF wants the pahole of that Debian.
TB_KBUILD=(CC=gcc CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= CONFIG_DEBUG_INFO_BTF_MODULES=)

# linux_suites SERIES: the suites of Debian with the series.
linux_suites() {
    case $1 in
    6.1) echo bookworm bookworm-security ;;
    6.12) echo trixie trixie-security bookworm-backports ;;
    newest) echo trixie-backports trixie ;;
    esac
}

# Sets KREL, the release of the kernel, KVER, the version of its package, and KDIR.
kernel_known() {
    read -r KREL KVER 2>/dev/null <"$TB_STAMPS/linux-$TB_LINUX" || return 1
    KDIR=$TB_KERNEL/usr/src/linux-headers-$KREL
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

# linux_releases: those of the series with headers in the archive, the newest first.
linux_releases() {
    local series=${TB_LINUX//./\\.}\\.
    [ "$TB_LINUX" != newest ] || series='[0-9]'
    archive_apt apt-cache pkgnames linux-headers- | sed -n "s/^linux-headers-\\($series.*-amd64\\)\$/\\1/p" |
        grep -vE -e '-(rt|cloud)-' | sort -rV
}

# unpack_headers RELEASE ROOT: the files to build a module for that kernel.
unpack_headers() {
    local common kbuild
    common=$(archive_needs "linux-headers-$1" '^linux-headers-.*-common' | head -n 1)
    kbuild=$(archive_needs "linux-headers-$1" '^linux-kbuild-' | head -n 1)
    archive_unpack "$2" "linux-headers-$1" "$common" "$kbuild"
    # Its makefile names the common headers by the place of their installation.
    sed -i "s#/usr/src/#$2/usr/src/#" "$2/usr/src/linux-headers-$1/Makefile"
    adopt_tools "$kbuild" "$2"
}

# adopt_tools KBUILD ROOT: programs of a newer Debian run with the libraries of their own
# release, beside the host's older ones.
adopt_tools() {
    local programs need libraries=$2/libraries/usr/lib/x86_64-linux-gnu
    mapfile -t programs < <(find "$2/usr/lib/$1" -type f -perm /111 -exec sh -c 'ldd "$1" 2>&1 | grep -q "GLIBC.*not found"' sh {} \; -print)
    [ "${#programs[@]}" -gt 0 ] || return 0
    mapfile -t need < <({ archive_needs "$1" '^(lib|zlib)'; archive_needs libelf1t64 '^(lib|zlib)'; } | sort -u)
    archive_unpack "$2/libraries" "${need[@]}"
    patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --set-rpath "$libraries" "${programs[@]}"
}

# fetch_release RELEASE: kernel, modules and headers, of one version, to the same places
# for all releases. Since 7.2 the image's parts are packages of their own.
fetch_release() {
    local parts version image
    rm -rf "$TB_KERNEL"
    version=$(archive_version "linux-headers-$1")
    [ "$(archive_version "linux-image-$1")" = "$version" ]
    mapfile -t parts < <(archive_needs "linux-image-$1" '^linux-(base|binary|modules)-[0-9]')
    archive_unpack "$TB_KERNEL" "linux-image-$1" "${parts[@]}"
    unpack_headers "$1" "$TB_KERNEL"
    if [ -d "$TB_KERNEL/usr/lib/modules" ]; then
        mkdir -p "$TB_KERNEL/lib"
        mv "$TB_KERNEL/usr/lib/modules" "$TB_KERNEL/lib/"
    fi
    image=$TB_KERNEL/boot/vmlinuz-$1
    [ -e "$image" ] || image=$TB_KERNEL/lib/modules/$1/vmlinuz
    mv "$image" "$TB_KERNEL/vmlinuz"
    unpack_kernel "$TB_KERNEL/vmlinuz" "$TB_KERNEL/vmlinux"
    depmod -b "$TB_KERNEL" "$1"
    stamp "linux-$TB_LINUX" "$1 $version"
}

# fetch_kernel: the newest release of the series that can be fetched whole.
fetch_kernel() {
    local release
    # shellcheck disable=SC2046  # words
    archive_suites deb $(linux_suites "$TB_LINUX")
    for release in $(linux_releases); do
        echo "trying $release"
        strictly fetch_release "$release"
        [ "$TB_RC" -ne 0 ] || return 0
    done
    echo "no Linux $TB_LINUX could be fetched"
    return 1
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
    make -C "$TB_TREE/$1" -j"$TB_JOBS" KDIR="$KDIR" "${TB_KBUILD[@]}"
    ls -l "$TB_TREE/$1"/*.ko
}

module_dirs() {
    local dir
    for dir in kernel/xen-pviommu tests/modules; do
        if [ -e "$TB_ROOT/$dir/Makefile" ] || [ -e "$TB_ROOT/$dir/Kbuild" ]; then echo "$dir"; fi
    done
}

module_stamp() { echo "${1//\//-}-$TB_LINUX"; }

# A module's inputs: its own sources, the headers it shares, the kernel's.
module_hash() {
    hash_of "$1 $KREL $KVER" -- "$TB_ROOT/kernel" "$TB_ROOT/hypervisor/public" "$TB_ROOT/$1"
}
