# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The test machine's root file system: archives that the kernel unpacks one
# after the other.  base (tools), drivers (modules of one --drivers list), and
# run.sh's own per run.

# Tools that busybox lacks or has in part; the rest is busybox.
TB_TOOLS=(bash kmod lspci setpci fio iperf3 ip ss tc nc ethtool jq mkfs.ext4 mke2fs taskset chrt dd stat timeout sha256sum)
# Libraries for programs that arrive through --copy.
TB_LIBRARIES=(libstdc++.so.6 libgcc_s.so.1 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libatomic.so.1)
# Debian's fio is linked with Ceph, Gluster and their libraries: 70 MB for each boot
# to unpack, for I/O engines without a test.
TB_STUBBED=(libgfapi.so.0 libnbd.so.0 librados.so.2 librbd.so.1 libpmem.so.1 libpmemblk.so.1)
TB_STUBBED_SYMBOLS='glfs_|nbd_|rados_|rbd_|pmem_|pmemblk_'
TB_KMOD_NAMES=(modprobe insmod rmmod lsmod modinfo depmod)

make_cpio() { (cd "$1" && find . -mindepth 1 | sort | cpio --quiet -o -H newc -R 0:0); }

# libraries_of FILE...: the shared libraries (and the loader) behind them.
libraries_of() { ldd "$@" 2>/dev/null | grep -oE '/[^ :]+\.so[^ :]*' | grep -vxF -f <(printf '%s\n' "$@") | sort -u || true; }

# copy_library ROOT PATH: to the same path; ROOT/lib leads to ROOT/usr/lib.
copy_library() {
    [ ! -e "$1$2" ] || return 0
    mkdir -p "$1$(dirname "$2")"
    cp -L "$2" "$1$2"
}

base_skeleton() {
    local root=$1 d
    mkdir -p "$root"/{dev,proc,sys,tmp,run,mnt,root,etc,var,testbed} "$root"/usr/{bin,sbin,lib,lib64,share/misc}
    for d in bin sbin lib lib64; do ln -s "usr/$d" "$root/$d"; done
    ln -s ../run "$root/var/run"
    ln -s ../tmp "$root/var/tmp"
    ln -s /proc/mounts "$root/etc/mtab"
    echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    echo '127.0.0.1 localhost testbed' >"$root/etc/hosts"
    cp /etc/protocols /etc/services "$root/etc/" 2>/dev/null || true
    cp /usr/share/misc/pci.ids "$root/usr/share/misc/"
}

# One library with every symbol, with its version, that PROGRAM wants from the
# stubbed libraries, under each of their names.  A call of a symbol aborts.
stub_libraries() { # ROOT PROGRAM
    local dir=$1/usr/lib name
    objdump -T "$2" | awk -v want="^($TB_STUBBED_SYMBOLS)" '
        /\*UND\*/ && $NF ~ want {
            version = $(NF - 1); gsub(/[()]/, "", version)
            print "void " $NF "(void) { __builtin_trap(); }"
            if (version !~ /^(Base|0+)$/) in_version[version] = in_version[version] " " $NF ";"
        }
        END { for (v in in_version) print v " {" in_version[v] " };" >"/dev/stderr" }
    ' >"$dir/stub.c" 2>"$dir/stub.map"
    gcc -shared -fPIC -nostdlib -w -o "$dir/testbed-stub.so" "$dir/stub.c" -Wl,--version-script="$dir/stub.map"
    rm "$dir/stub.c" "$dir/stub.map"
    for name in "${TB_STUBBED[@]}"; do ln -s testbed-stub.so "$dir/$name"; done
}

# libraries_of, where the program may be linked with stubs.
tool_libraries() { # ROOT PROGRAM
    LD_LIBRARY_PATH=$1/usr/lib libraries_of "$2" | grep -v "^$1" || true
}

# run_from ROOT PROGRAM ARGUMENT...: run a program of ROOT with ROOT's libraries and no
# other, as in a chroot, but without root.
run_from() {
    local loader=("$1/lib64/ld-linux-x86-64.so.2" --inhibit-cache --library-path "$1/usr/lib:$1/usr/lib/x86_64-linux-gnu")
    "${loader[@]}" --list "$1/usr/bin/$2" | awk -v root="$1/" '
        /=> not found/ || (/=> \// && index($3, root) != 1) { print "not aboard:", $0; lacks = 1 }
        END { exit lacks }'
    "${loader[@]}" "$1/usr/bin/$2" "${@:3}"
}

base_tools() {
    local root=$1 tool path name
    stub_libraries "$root" "$(command -v fio)"
    for tool in "${TB_TOOLS[@]}"; do
        path=$(readlink -f "$(PATH=$PATH:/usr/sbin:/sbin command -v "$tool")")
        [ -n "$path" ] || { echo "the host has no $tool"; return 1; }
        cp "$path" "$root/usr/bin/$tool"
        tool_libraries "$root" "$path"
    done | sort -u >"$root/libraries"
    for name in "${TB_LIBRARIES[@]}"; do
        path=$(gcc -print-file-name="$name")
        [ "$path" = "$name" ] || { readlink -f "$path" | xargs dirname | sed "s|\$|/$name|"; }
    done >>"$root/libraries"
    while read -r path; do copy_library "$root" "$path"; done <"$root/libraries"
    rm "$root/libraries"
    for name in "${TB_KMOD_NAMES[@]}"; do ln -s ../bin/kmod "$root/usr/sbin/$name"; done
    cp "$(command -v busybox)" "$root/usr/bin/busybox"
    ln -s bash "$root/usr/bin/sh"
    run_from "$root" fio --version
    for name in $(busybox --list); do
        [ -e "$root/usr/bin/$name" ] || [ -e "$root/usr/sbin/$name" ] || ln -s busybox "$root/usr/bin/$name"
    done
}

base_hash() {
    # shellcheck disable=SC2016
    hash_of "$(dpkg-query -W -f '${Package} ${Version}\n' "${TB_HOST_PACKAGES[@]}" libc6)" \
        -- "$TB_HOME"/rootfs.sh "$TB_HOME"/*.[ch]pp
}

build_base() {
    local root=$TB_BUILD/base
    rm -rf "$root"
    base_skeleton "$root"
    base_tools "$root"
    # Static: independent of the other programs aboard.
    g++ -std=c++20 -O2 -Wall -Wextra -static -s -o "$root/init" "$TB_HOME"/guest-{init,runner}.cpp
    g++ -std=c++20 -O2 -Wall -Wextra -o "$TB_BUILD/host-pump.new" "$TB_HOME/host-pump.cpp"
    mv "$TB_BUILD/host-pump.new" "$TB_BUILD/host-pump"
    make_cpio "$root" >"$TB_IMAGES/base.cpio.new"
    mv "$TB_IMAGES/base.cpio.new" "$TB_IMAGES/base.cpio"
    stamp base "$1"
}

# driver_names EXTRA: the default list and a comma separated list, normalized by the
# kernel's rule.
driver_names() { { sed 's/#.*//' "$TB_HOME/drivers.list"; echo "${1//,/ }"; } | tr -s ' ' '\n' | tr - _ | sed '/^$/d'; }

# driver_files NAME...: their files with all dependencies; a built-in name needs none. A
# name without a module is reported on stderr as "unknown: NAME".
driver_files() {
    awk '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        FILENAME ~ /modules.dep$/ { split($0, half, ":"); need[name(half[1])] = half[1] half[2]; next }
        FILENAME ~ /modules.builtin$/ { builtin[name($0)] = 1; next }
        $0 in need { print need[$0]; next }
        !($0 in builtin) { print "unknown: " $0 >"/dev/stderr" }
    ' "$TB_KERNEL/lib/modules/$KREL/modules.dep" "$TB_KERNEL/lib/modules/$KREL/modules.builtin" - |
        tr -s ' ' '\n' | sort -u
}

drivers_hash() {
    local dir
    hash_of "$KREL $KVER $1 $(for dir in $(module_dirs); do cat "$TB_STAMPS/$(module_stamp "$dir")" 2>/dev/null; done)" \
        -- "$TB_HOME"/{rootfs.sh,drivers.list}
}

drivers_image() { echo "$TB_IMAGES/drivers-$(drivers_hash "$1").cpio"; }

# build_drivers EXTRA IMAGE
build_drivers() {
    local root dir at file
    root=$(mktemp -d "$TB_BUILD/drivers.XXXXXX")
    at=$root/usr/lib/modules/$KREL
    mkdir -p "$at/extra"
    driver_names "$1" | driver_files >"$root/files" 2>"$root/lacking"
    sed 's/^unknown:/not in this kernel:/' "$root/lacking"
    (cd "$TB_KERNEL/lib/modules/$KREL" && xargs -a "$root/files" cp --parents -t "$at" &&
        cp modules.builtin modules.builtin.modinfo modules.order "$at")
    rm "$root/files" "$root/lacking"
    for dir in $(module_dirs); do
        for file in "$TB_TREE/$dir"/*.ko; do
            strip --strip-debug -o "$at/extra/$(basename "$file")" "$file"
        done
    done
    ln -s usr/lib "$root/lib"
    depmod -b "$root" "$KREL"
    rm "$root/lib"
    make_cpio "$root" >"$2.new"
    # Images of earlier modules are of no use any more; a run copies before it boots.
    find "$TB_IMAGES" -name 'drivers-*.cpio' -mmin +600 -delete
    mv "$2.new" "$2"
    rm -rf "$root"
}

# Names in a --drivers list without a module in this kernel.
unknown_drivers() { echo "${1//,/ }" | tr -s ' ' '\n' | tr - _ | sed '/^$/d' | driver_files 2>&1 >/dev/null | sed -n 's/^unknown: //p'; }
